/** One HTTP/2 request to the daemon: deadline, cancellation, and the first answer. */
import { constants, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import { type Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { z } from "zod";
import { isSpectestError, SpectestError } from "../errors/index.ts";
import { decodeLines, encodeLine, endLineSchema } from "../protocol/ndjson.ts";
import { cancelledError, channelError, errorOfReply } from "./failure.ts";

export interface CallOptions {
  /**
   * Until the answer is complete, or for streams until it begins. Default 120 000, uploads 600 000.
   * Over it the request is reset and fails with TIMEOUT.
   */
  timeoutMs?: number;
  /** Resets the request; the call fails with CANCELLED. */
  signal?: AbortSignal;
}

export const DEFAULT_TIMEOUT_MS = 120_000;

export interface Target {
  session: ClientHttp2Session;
  /** For messages: the method's name. */
  name: string;
  method: string;
  path: string;
}

/** A two-way stream of lines. */
export interface DuplexCall<In, Out> {
  send(line: In): void;
  /** No more input from this side. */
  end(): void;
  lines: AsyncIterable<Out>;
  /** Resets the request. */
  close(): void;
}

interface Started {
  stream: ClientHttp2Stream;
  /** Why this side gave the request up, if it did. */
  reason(): SpectestError | undefined;
  /** Stops the deadline; cancellation stays until the stream closes. */
  inTime(): void;
}

function start(target: Target, options: CallOptions, defaultMs: number, endStream: boolean): Started {
  const { session, name, method, path } = target;
  const { timeoutMs = defaultMs, signal } = options;
  if (signal?.aborted) throw cancelledError(name, signal.reason);
  if (session.closed || session.destroyed) throw channelError(name, new Error("it is closed"));
  let given: SpectestError | undefined;
  const stream = session.request({ ":method": method, ":path": path, "content-type": "application/json" }, { endStream });
  const giveUp = (error: SpectestError): void => {
    given ??= error;
    stream.close(constants.NGHTTP2_CANCEL);
    stream.destroy();
  };
  const timer = setTimeout(
    () => giveUp(new SpectestError("TIMEOUT", { what: `${name}: the daemon did not answer within ${timeoutMs} ms` })),
    timeoutMs,
  );
  const onAbort = (): void => giveUp(cancelledError(name, signal?.reason));
  signal?.addEventListener("abort", onAbort, { once: true });
  stream.on("error", () => {}); // whoever reads the stream gets it too
  stream.once("close", () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  });
  return { stream, reason: () => given, inTime: () => clearTimeout(timer) };
}

function firstStatus(started: Started, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const { stream, reason } = started;
    stream.once("response", (headers) => resolve(Number(headers[":status"])));
    stream.once("error", (error) => reject(reason() ?? channelError(name, error)));
    stream.once("close", () => reject(reason() ?? channelError(name, undefined)));
  });
}

/** The whole body, parsed. */
async function readBody(started: Started, name: string): Promise<unknown> {
  const parts: Buffer[] = [];
  try {
    for await (const part of started.stream) parts.push(part);
  } catch (error) {
    throw started.reason() ?? channelError(name, error);
  }
  const given = started.reason();
  if (given) throw given;
  return parseJson(Buffer.concat(parts).toString("utf8"), name);
}

/** Every answer is a JSON object: one that does not parse has lost its end. */
function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw channelError(name, new Error("the answer was cut short"));
  }
}

function validated<S extends z.ZodType>(schema: S, value: unknown, name: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "answer"}: ${issue.message}`).join("; ");
  throw new SpectestError("DAEMON", { what: `${name}: the daemon's answer has the wrong shape: ${problems}`, value });
}

async function reply<S extends z.ZodType>(started: Started, status: Promise<number>, schema: S, name: string): Promise<z.output<S>> {
  const code = await status;
  const body = await readBody(started, name);
  if (code !== 200) throw errorOfReply(name, code, body);
  return validated(schema, body, name);
}

export async function callJson<S extends z.ZodType>(
  target: Target,
  request: unknown,
  schema: S,
  options: CallOptions,
): Promise<z.output<S>> {
  const started = start(target, options, DEFAULT_TIMEOUT_MS, false);
  started.stream.end(JSON.stringify(request));
  return await reply(started, firstStatus(started, target.name), schema, target.name);
}

export async function callUpload<S extends z.ZodType>(
  target: Target,
  body: Readable,
  schema: S,
  options: CallOptions,
): Promise<z.output<S>> {
  const started = start(target, options, 5 * DEFAULT_TIMEOUT_MS, false);
  const status = firstStatus(started, target.name);
  // The daemon may refuse before it has read everything; a source that fails must not look like a whole upload.
  const sent = pipeline(body, untilRefused(started.stream, status)).catch((error: unknown) => {
    if (body.errored) {
      started.stream.close(constants.NGHTTP2_CANCEL);
      throw channelError(target.name, error);
    }
  });
  const [answer] = await Promise.all([reply(started, status, schema, target.name), sent]);
  return answer;
}

/** Writes to the request; once it is answered, the rest is dropped. */
function untilRefused(stream: ClientHttp2Stream, status: Promise<number>): Writable {
  let answered = false;
  status.then(
    () => (answered = true),
    () => (answered = true),
  );
  return new Writable({
    write: (chunk, _encoding, callback) => {
      if (answered || stream.destroyed) callback();
      else if (stream.write(chunk)) callback();
      else {
        const go = (): void => {
          stream.off("drain", go);
          stream.off("close", go);
          stream.off("response", go);
          callback();
        };
        stream.on("drain", go);
        stream.on("close", go);
        stream.on("response", go);
      }
    },
    final: (callback) => {
      if (!stream.destroyed) stream.end();
      callback();
    },
  });
}

export async function* callStream<S extends z.ZodType>(
  target: Target,
  request: unknown,
  schema: S,
  options: CallOptions,
): AsyncGenerator<z.output<S>, void, undefined> {
  const started = start(target, options, DEFAULT_TIMEOUT_MS, false);
  started.stream.end(JSON.stringify(request));
  yield* answeredLines(started, target.name, schema);
}

async function* answeredLines<S extends z.ZodType>(
  started: Started,
  name: string,
  schema: S,
): AsyncGenerator<z.output<S>, void, undefined> {
  const status = await firstStatus(started, name);
  if (status !== 200) throw errorOfReply(name, status, await readBody(started, name));
  started.inTime();
  const { stream, reason } = started;
  let whole = false;
  try {
    for await (const line of decodeLines(stream)) {
      whole = endLineSchema.safeParse(line).success;
      if (whole) return;
      if (isErrorLine(line)) throw errorOfReply(name, 500, line);
      yield validated(schema, line, name);
    }
  } catch (error) {
    throw reason() ?? (isSpectestError(error) ? error : channelError(name, error));
  } finally {
    // The reader may have had enough before the end.
    if (whole) stream.resume();
    else if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
  }
  throw reason() ?? channelError(name, new Error("the answer was cut short"));
}

function isErrorLine(line: unknown): boolean {
  return typeof line === "object" && line !== null && "error" in line && Object.keys(line).length === 1;
}

export function callDuplex<In, S extends z.ZodType>(target: Target, schema: S, options: CallOptions): DuplexCall<In, z.output<S>> {
  const started = start(target, options, DEFAULT_TIMEOUT_MS, false);
  const { stream } = started;
  return {
    send: (line) => {
      if (!stream.destroyed && !stream.writableEnded) stream.write(encodeLine(line));
    },
    end: () => {
      if (!stream.writableEnded) stream.end();
    },
    lines: answeredLines(started, target.name, schema),
    close: () => stream.close(constants.NGHTTP2_CANCEL),
  };
}

/** A byte stream to a port in the guest. */
export async function callConnect(
  session: ClientHttp2Session,
  host: string,
  port: number,
  options: CallOptions,
): Promise<ClientHttp2Stream> {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const name = `tunnel to ${authority}`;
  if (options.signal?.aborted) throw cancelledError(name, options.signal.reason);
  if (session.closed || session.destroyed) throw channelError(name, new Error("it is closed"));
  const stream = session.request({ ":method": "CONNECT", ":authority": authority }, { endStream: false });
  stream.on("error", () => {});
  let given: SpectestError | undefined;
  const timeoutMs = options.timeoutMs ?? 30_000;
  const timer = setTimeout(() => {
    given = new SpectestError("TIMEOUT", { what: `${name}: no connection within ${timeoutMs} ms` });
    stream.destroy();
  }, timeoutMs);
  const started: Started = { stream, reason: () => given, inTime: () => clearTimeout(timer) };
  try {
    const status = await firstStatus(started, name);
    if (status !== 200) throw errorOfReply(name, status, await readBody(started, name));
    return stream;
  } finally {
    clearTimeout(timer);
  }
}
