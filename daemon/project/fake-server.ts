/** Serves the fakes to the daemon's ingress: HTTP/1.1 on a Unix socket, one WHATWG Request per request. */
import { rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as WebStream } from "node:stream/web";
import { messageOf } from "../../src/errors/index.ts";
import { FAKE_HEADERS } from "../ipc/messages.ts";

export type FakeHandler = (name: string, request: Request) => Promise<Response>;

export interface FakeServer {
  close(): Promise<void>;
}

/** @param onError Told of every handler that threw, besides the 500 the client gets. */
export async function serveFakes(socketPath: string, handle: FakeHandler, onError: (text: string) => void): Promise<FakeServer> {
  rmSync(socketPath, { force: true });
  const server = createServer((incoming, outgoing) => {
    void answer(incoming, outgoing, handle).catch((error: unknown) => {
      onError(
        `fake ${header(incoming, FAKE_HEADERS.fake) ?? "?"}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(500, { "content-type": "text/plain; charset=utf-8" }).end(messageOf(error));
    });
  });
  // The ingress has no idle time-out, so neither has what is behind it.
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.keepAliveTimeout = 0;
  await listen(server, socketPath);
  return {
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function listen(server: Server, socketPath: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, resolve);
  });
}

function header(incoming: IncomingMessage, name: string): string | undefined {
  const value = incoming.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, handle: FakeHandler): Promise<void> {
  const gone = new AbortController();
  outgoing.once("close", () => gone.abort(new Error("the client went away")));
  const response = await handle(header(incoming, FAKE_HEADERS.fake) ?? "", toRequest(incoming, gone.signal));
  outgoing.writeHead(response.status, response.statusText, headerList(response.headers));
  if (!response.body || incoming.method === "HEAD") {
    outgoing.end();
    return;
  }
  // Two declarations of the same class: the global one and the one of node:stream/web.
  await pipeline(Readable.fromWeb(response.body as WebStream<Uint8Array>), outgoing);
}

function headerList(headers: Headers): [string, string][] {
  return [...headers.entries()];
}

function toRequest(incoming: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    if (name === FAKE_HEADERS.fake) continue;
    for (const value of values ?? []) headers.append(name, value);
  }
  const method = incoming.method ?? "GET";
  const url = `${header(incoming, FAKE_HEADERS.proto) ?? "http"}://${incoming.headers.host ?? "localhost"}${incoming.url ?? "/"}`;
  const hasBody = method !== "GET" && method !== "HEAD";
  const init: RequestInit & { duplex?: "half" } = { method, headers, signal };
  if (hasBody) {
    init.body = Readable.toWeb(incoming) as ReadableStream<Uint8Array<ArrayBuffer>>;
    // Required for a streamed body, and missing from the type.
    init.duplex = "half";
  }
  return new Request(url, init);
}
