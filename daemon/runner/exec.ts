import type { ExecOptions, ExecOutput, ExecResult } from "../../src/sdk/context.ts";
import type { OutputItem } from "../ipc/messages.ts";
import { ExecSession } from "../recorder/exec-session.ts";
import { cutText, LIMITS } from "../recorder/text.ts";
import { orAbort, type Recording } from "./recording.ts";

const STREAM_LIMIT_BYTES = 16 * 1024 * 1024;

/** Collects one stream up to its limit, whole characters only; what comes after is counted, not kept. */
class Stream {
  readonly #decoder = new TextDecoder();
  readonly #parts: string[] = [];
  #bytes = 0;

  /** Returns the text of this piece, also when it is no longer kept. */
  push(data: Uint8Array): string {
    const text = this.#decoder.decode(data, { stream: true });
    const room = STREAM_LIMIT_BYTES - this.#bytes;
    this.#bytes += data.byteLength;
    if (room > 0) this.#parts.push(data.byteLength <= room ? text : cutText(text, room).text);
    return text;
  }

  get overflowed(): boolean {
    return this.#bytes > STREAM_LIMIT_BYTES;
  }

  end(): string {
    this.#parts.push(this.#decoder.decode());
    return this.#parts.join("");
  }
}

export function recordExec(recording: Recording) {
  const { recorder, origins, signal, daemon, failure } = recording;
  return async function exec(service: string, command: string | string[], options: ExecOptions = {}): Promise<ExecResult> {
    const shown = typeof command === "string" ? command : command.join(" ");
    const session = new ExecSession(recorder, service, shown);
    const event = recorder.begin<"exec">({ kind: "exec", service, command: shown, terminalId: session.id });
    const streams = { stdout: new Stream(), stderr: new Stream() };
    const onItem = ({ stream, data, atMs }: OutputItem): void => session.output(streams[stream].push(data), atMs);
    const { stdin, env, workdir } = options;
    const params = {
      service,
      command,
      ...(env ? { env } : {}),
      ...(workdir === undefined ? {} : { workdir }),
      ...(stdin === undefined ? {} : { stdin: typeof stdin === "string" ? Buffer.from(stdin) : stdin }),
    };
    try {
      const { exitCode } = await orAbort(daemon.call("exec", params, { onItem, signal }), signal);
      const output: ExecOutput = { stdout: streams.stdout.end(), stderr: streams.stderr.end(), exitCode };
      event.end({ exitCode, ...recordedStreams(output, streams.stdout.overflowed || streams.stderr.overflowed) });
      return origins.track(event.seq, output);
    } catch (error) {
      const output = { stdout: streams.stdout.end(), stderr: streams.stderr.end() };
      event.end(recordedStreams(output, false), failure(error));
      throw error;
    }
  };
}

function recordedStreams(output: { stdout: string; stderr: string }, overflowed: boolean) {
  const stdout = cutText(output.stdout, LIMITS.execStreamBytes);
  const stderr = cutText(output.stderr, LIMITS.execStreamBytes);
  const truncated = overflowed || stdout.truncated || stderr.truncated;
  return { stdout: stdout.text, stderr: stderr.text, ...(truncated ? { truncated } : {}) };
}
