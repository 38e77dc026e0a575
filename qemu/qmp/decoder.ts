import { StringDecoder } from "node:string_decoder";
import { SpectestError } from "../../src/errors/index.ts";

/** A message above this is not QEMU speaking. */
const MAX_LINE_CHARS = 16 * 1024 * 1024;

export type QmpMessage =
  | { kind: "greeting"; version: string }
  | { kind: "return"; id: string | undefined; value: unknown }
  | { kind: "error"; id: string | undefined; errorClass: string; description: string }
  | { kind: "event"; name: string; data: Record<string, unknown> };

/** Turns a byte stream, however it is cut, into messages. Throws QMP on anything that is not one. */
export class QmpDecoder {
  readonly #utf8 = new StringDecoder("utf8");
  #rest = "";

  push(chunk: Buffer): QmpMessage[] {
    const lines = (this.#rest + this.#utf8.write(chunk)).split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > MAX_LINE_CHARS) throw broken("a message without an end", this.#rest);
    return lines.filter((line) => line.trim() !== "").map(parseMessage);
  }
}

function parseMessage(line: string): QmpMessage {
  const message = parseObject(line);
  if (isRecord(message.QMP)) return { kind: "greeting", version: versionOf(message.QMP) };
  const id = typeof message.id === "string" ? message.id : undefined;
  if ("return" in message) return { kind: "return", id, value: message.return };
  if (isRecord(message.error)) {
    return { kind: "error", id, errorClass: textOf(message.error.class), description: textOf(message.error.desc) };
  }
  if (typeof message.event === "string") {
    return { kind: "event", name: message.event, data: isRecord(message.data) ? message.data : {} };
  }
  throw broken("an unknown message", line);
}

function parseObject(line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw broken("a line that is not JSON", line, cause);
  }
  if (!isRecord(value)) throw broken("a value that is no object", line);
  return value;
}

function versionOf(greeting: Record<string, unknown>): string {
  const version = isRecord(greeting.version) ? greeting.version : {};
  const qemu = isRecord(version.qemu) ? version.qemu : {};
  return [qemu.major, qemu.minor, qemu.micro].map((part) => (typeof part === "number" ? part : 0)).join(".");
}

function broken(what: string, line: string, cause?: unknown): SpectestError {
  return new SpectestError("QMP", { what: `QEMU sent ${what}: ${line.slice(0, 200)}`, ...(cause === undefined ? {} : { cause }) });
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
