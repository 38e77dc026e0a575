/** The HTTP/2 server: routing, validation, one shape of error. What the routes do is handed in. */
import http2 from "node:http2";
import type { z } from "zod";
import { isSpectestError, SpectestError } from "../../src/errors/index.ts";
import { decodeLines, encodeLine, END_LINE } from "../../src/protocol/ndjson.ts";
import { type RouteName, routes } from "../../src/protocol/index.ts";
import { toWireError } from "../ipc/peer.ts";
import { matchRoute } from "./router.ts";
import { openTunnel, type TunnelTarget } from "./tunnel.ts";

type Table = typeof routes;
type Reply<K extends RouteName> = z.input<Table[K]["reply"]>;
type RequestOf<K extends RouteName> = Table[K]["request"] extends z.ZodType ? z.output<Table[K]["request"]> : undefined;

export interface RequestContext<K extends RouteName> {
  params: Record<string, string>;
  /** Aborted when the host resets the request or the channel's session ends. */
  signal: AbortSignal;
  /** The body of an upload. */
  body: AsyncIterable<Uint8Array>;
  /** A line of a streamed answer; waits while the host reads slower. */
  send(line: Reply<K>): Promise<void>;
  /** What the host sends on a two-way route. */
  lines: AsyncIterable<RequestOf<K>>;
}

type Kind<K extends RouteName> = Table[K]["kind"];
export type RouteHandler<K extends RouteName> = (
  request: RequestOf<K>,
  context: RequestContext<K>,
) => Kind<K> extends "json" | "upload" ? Promise<Reply<K>> | Reply<K> : Promise<void>;
export type RouteHandlers = { [K in RouteName]: RouteHandler<K> };

export interface ApiServerOptions {
  handlers: RouteHandlers;
  /** Where a tunnel to a name leads. */
  resolveTunnel(host: string, port: number): Promise<TunnelTarget>;
  /** Failures that reach no client: defects. */
  onDefect(error: unknown): void;
}

const WINDOW_BYTES = 16 * 1024 * 1024;

export function createApiServer(options: ApiServerOptions): http2.Http2Server {
  const server = http2.createServer({ settings: { initialWindowSize: WINDOW_BYTES, maxConcurrentStreams: 1000 } });
  server.on("session", (session) => {
    session.on("error", () => session.destroy());
    session.setLocalWindowSize(4 * WINDOW_BYTES);
  });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {}); // a reset by the host; `close` follows and aborts the handler
    const work = headers[":method"] === "CONNECT" ? openTunnel(stream, headers, options.resolveTunnel) : answer(stream, headers, options);
    work.catch(options.onDefect);
  });
  return server;
}

async function answer(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders, options: ApiServerOptions): Promise<void> {
  const abort = new AbortController();
  stream.once("close", () => abort.abort(new SpectestError("CANCELLED", { what: "the host ended the request" })));
  try {
    const match = matchRoute(headers[":method"] ?? "", headers[":path"] ?? "");
    if (match.type !== "found") throw notRouted(match, headers);
    await handle(match.name, match.params, stream, abort.signal, options.handlers);
  } catch (error) {
    replyError(stream, error);
  }
}

function notRouted(match: ReturnType<typeof matchRoute>, headers: http2.IncomingHttpHeaders): SpectestError {
  const asked = `${headers[":method"]} ${headers[":path"]}`;
  if (match.type !== "wrong-method") return new SpectestError("DAEMON_NOT_FOUND", { what: `no such route: ${asked}` });
  return new SpectestError("DAEMON_BAD_REQUEST", { what: `${asked}: this path takes ${match.allowed.join(", ")}` });
}

async function handle<K extends RouteName>(
  name: K,
  params: Record<string, string>,
  stream: http2.ServerHttp2Stream,
  signal: AbortSignal,
  handlers: RouteHandlers,
): Promise<void> {
  const route = routes[name];
  const send = (line: unknown): Promise<void> => {
    if (!stream.headersSent) stream.respond({ ":status": 200, "content-type": "application/x-ndjson" });
    return writeLine(stream, line);
  };
  // A two-way request has no end of its own: each of its lines is checked as it comes.
  const request = route.kind === "json" || route.kind === "stream" ? check(route.request, await readJson(stream), name) : undefined;
  const context = {
    params,
    signal,
    body: stream,
    send,
    lines: route.kind === "duplex" ? checkedLines(stream, route.request, name) : noLines(),
  };
  if (route.kind === "duplex") stream.respond({ ":status": 200, "content-type": "application/x-ndjson" });
  // The table ties each handler's types to its schemas; which one it is is known only at run time.
  const handler = handlers[name] as (request: unknown, context: unknown) => Promise<unknown>;
  const reply = await handler(request, context);
  if (stream.destroyed) return;
  if (route.kind === "json" || route.kind === "upload") {
    stream.respond({ ":status": 200, "content-type": "application/json" });
    stream.end(JSON.stringify(reply ?? {}));
  } else {
    if (!stream.headersSent) stream.respond({ ":status": 200, "content-type": "application/x-ndjson" });
    stream.end(encodeLine(END_LINE));
  }
}

function check(schema: z.ZodType, value: unknown, name: string): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
  throw new SpectestError("DAEMON_BAD_REQUEST", { what: `${name}: ${problems.join("; ")}` });
}

async function readJson(stream: AsyncIterable<Uint8Array>): Promise<unknown> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  const text = Buffer.concat(parts).toString("utf8");
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SpectestError("DAEMON_BAD_REQUEST", { what: "the body is not JSON", cause: error });
  }
}

async function* checkedLines(stream: AsyncIterable<Uint8Array>, schema: z.ZodType, name: string): AsyncGenerator<unknown> {
  for await (const line of decodeLines(stream)) yield check(schema, line, name);
}

async function* noLines(): AsyncGenerator<never> {}

function writeLine(stream: http2.ServerHttp2Stream, line: unknown): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded || stream.write(encodeLine(line))) {
      resolve();
      return;
    }
    const go = (): void => {
      stream.off("drain", go);
      stream.off("close", go);
      resolve();
    };
    stream.on("drain", go);
    stream.on("close", go);
  });
}

function replyError(stream: http2.ServerHttp2Stream, error: unknown): void {
  if (stream.destroyed) return;
  const body = JSON.stringify({ error: toWireError(error) });
  if (stream.headersSent) {
    // Too late for a status: the client takes a last line of this shape as the error.
    stream.end(`${body}\n`);
    return;
  }
  stream.respond({ ":status": statusOf(error), "content-type": "application/json" });
  stream.end(body);
}

export function statusOf(error: unknown): number {
  if (!isSpectestError(error)) return 500;
  switch (error.code) {
    case "DAEMON_BAD_REQUEST":
      return 400;
    case "DAEMON_NOT_FOUND":
      return 404;
    case "DAEMON_CONFLICT":
      return 409;
    default:
      return 500;
  }
}
