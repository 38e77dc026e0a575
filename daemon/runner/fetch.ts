import type { FetchResponse } from "../../src/sdk/context.ts";
import type { RecordedEvent } from "../../src/protocol/index.ts";
import { cutBytes, cutText, LIMITS } from "../recorder/text.ts";
import { positionAfter } from "../recorder/source-position.ts";
import type { Recording } from "./recording.ts";

type Body = NonNullable<Extract<RecordedEvent, { kind: "http" }>["responseBody"]>;

/** A recorded fetch and the captures of response bodies that are still being read. */
export interface RecordedFetch {
  fetch(input: string | URL | Request, init?: RequestInit): Promise<FetchResponse>;
  /** Resolves when every body's beginning is recorded, or after `graceMs`. */
  settle(graceMs: number): Promise<void>;
}

export function recordFetch({ recorder, origins, signal, failure }: Recording): RecordedFetch {
  const captures = new Set<Promise<void>>();

  const send = async (input: string | URL | Request, init: RequestInit = {}): Promise<FetchResponse> => {
    const isRequest = input instanceof Request;
    const method = (init.method ?? (isRequest ? input.method : "GET")).toUpperCase();
    const url = isRequest ? input.url : String(input);
    const requestBody = textBody(init.body);
    const event = recorder.begin<"http">({ kind: "http", method, url, ...(requestBody ? { requestBody } : {}) });
    try {
      const response = await fetch(input, { ...init, signal: bothSignals(signal, init.signal ?? (isRequest ? input.signal : null)) });
      event.end({ status: response.status });
      const capture = captureBody(response.clone()).then((responseBody) => {
        if (responseBody) event.update({ responseBody });
        captures.delete(capture);
      });
      captures.add(capture);
      return trackResponse(response, event.seq);
    } catch (error) {
      const shown = signal.aborted ? error : explained(error, method, url);
      event.end(undefined, failure(shown));
      throw shown;
    }
  };

  /** Lets a real Response tell where its parts were read; its own methods keep working. */
  const trackResponse = (response: Response, seq: number): FetchResponse => {
    for (const path of ["status", "ok", "statusText", "url", "redirected"] as const) {
      const value = response[path];
      const get = (): unknown => {
        origins.read(value, { seq, path }, get);
        return value;
      };
      Object.defineProperty(response, path, { get, configurable: true });
    }
    const text = response.text.bind(response);
    const json = response.json.bind(response);
    const clone = response.clone.bind(response);
    const readText = async (): Promise<string> => {
      const at = positionAfter(readText);
      const value = await text();
      origins.remember(value, { seq, path: "body" });
      origins.readAt(value, { seq, path: "body" }, at);
      return value;
    };
    const readJson = async (): Promise<unknown> => {
      const at = positionAfter(readJson);
      const value: unknown = await json();
      origins.rememberDeep(value, { seq, path: "body" });
      origins.readAt(value, { seq, path: "body" }, at);
      return value;
    };
    Object.defineProperties(response, {
      text: { value: readText, configurable: true },
      json: { value: readJson, configurable: true },
      clone: { value: () => trackResponse(clone(), seq), configurable: true },
      unwrap: { value: () => clone(), configurable: true },
    });
    origins.remember(response, { seq, path: "" });
    // The same Response; only the type of json() is wider.
    return response as FetchResponse;
  };

  return {
    // oxlint-disable-next-line typescript/promise-function-async -- an async wrapper would cost a frame of the stack
    fetch: send,
    settle: async (graceMs) => {
      const grace = AbortSignal.timeout(graceMs);
      await Promise.race([Promise.all(captures), new Promise((resolve) => grace.addEventListener("abort", resolve, { once: true }))]);
    },
  };
}

function bothSignals(own: AbortSignal, given: AbortSignal | null): AbortSignal {
  return given ? AbortSignal.any([own, given]) : own;
}

/** Reads the beginning of a copy of the body; the author's copy is not held up by it. */
async function captureBody(copy: Response): Promise<Body | undefined> {
  if (!copy.body) return undefined;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    const reader = copy.body.getReader();
    while (bytes <= LIMITS.bodyBytes) {
      const { done, value } = await reader.read();
      if (done) return { ...cutText(new TextDecoder().decode(Buffer.concat(chunks)), LIMITS.bodyBytes), bytes };
      chunks.push(value);
      bytes += value.byteLength;
    }
    // A cancelled copy resolves only when the other one is finished with too.
    void reader.cancel().catch(() => undefined);
  } catch {
    // The author's own reading of the body reports what went wrong.
    if (bytes === 0) return undefined;
  }
  const announced = Number(copy.headers.get("content-length"));
  return { text: cutBytes(Buffer.concat(chunks), LIMITS.bodyBytes), truncated: true, bytes: Math.max(bytes, announced || 0) };
}

function textBody(body: unknown): Body | undefined {
  if (typeof body === "string") return cutText(body, LIMITS.bodyBytes);
  if (body instanceof URLSearchParams) return cutText(body.toString(), LIMITS.bodyBytes);
  if (body instanceof Uint8Array)
    return { text: cutBytes(body, LIMITS.bodyBytes), truncated: body.byteLength > LIMITS.bodyBytes, bytes: body.byteLength };
  return undefined;
}

/** undici says "fetch failed" and keeps the reason in `cause`. */
function explained(error: unknown, method: string, url: string): unknown {
  if (!(error instanceof TypeError) || !(error.cause instanceof Error)) return error;
  const reason = "code" in error.cause && error.cause.message === "" ? String(error.cause.code) : error.cause.message;
  const better = new TypeError(`fetch ${method} ${url} failed: ${reason}`, { cause: error.cause });
  if (error.stack !== undefined) better.stack = error.stack;
  return better;
}
