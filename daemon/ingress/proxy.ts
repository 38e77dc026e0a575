/** Passes one request, or one upgraded connection, to its upstream, byte for byte in both directions. */
import { type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { messageOf } from "../../src/errors/index.ts";
import { endToEndHeaders, withForwarded } from "./routing.ts";

export type Upstream = { host: string; port: number } | { socketPath: string };

export interface ProxyRequest {
  /** Asked again for every attempt: an address may have gone stale. */
  upstream(): Upstream;
  /** For messages. */
  label: string;
  proto: "http" | "https";
  extraHeaders: readonly string[];
}

const ATTEMPTS = 4;
const RETRY_MS = 100;
/** Node would send these chunked when no length is given. */
const BODY_METHODS = new Set(["POST", "PUT", "PATCH"]);

/**
 * A connection that is refused is tried three more times. The request's body is not read before there is a connection,
 * so a retry never needs it twice; once there is one, nothing is ever sent again.
 */
async function dial(request: ProxyRequest): Promise<Socket> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await dialOnce(request.upstream());
    } catch (error) {
      if (attempt >= ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS * attempt));
    }
  }
}

function dialOnce(upstream: Upstream): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = "socketPath" in upstream ? connect(upstream.socketPath) : connect({ ...upstream, noDelay: true });
    socket.setTimeout(10_000, () => socket.destroy(new Error("no connection within 10 s")));
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

function outgoingHeaders(message: IncomingMessage, request: ProxyRequest, raw: readonly string[]): string[] {
  const client = message.socket.remoteAddress?.replace(/^::ffff:/, "") ?? "unknown";
  return [...withForwarded(raw, client, request.proto, message.headers.host ?? ""), ...request.extraHeaders];
}

export async function proxyRequest(message: IncomingMessage, response: ServerResponse, request: ProxyRequest): Promise<void> {
  let socket: Socket;
  try {
    socket = await dial(request);
  } catch (error) {
    answerText(response, 502, `${request.label} cannot be reached: ${messageOf(error)}`);
    return;
  }
  const headers = outgoingHeaders(message, request, endToEndHeaders(message.rawHeaders));
  // A body of unknown length stays chunked; one of known length keeps its Content-Length.
  if (message.headers["transfer-encoding"] !== undefined) headers.push("Transfer-Encoding", "chunked");
  else if (message.headers["content-length"] === undefined && BODY_METHODS.has(message.method ?? "")) headers.push("Content-Length", "0");
  const upstream = httpRequest({
    createConnection: () => socket,
    method: message.method ?? "GET",
    path: message.url ?? "/",
    headers: [...headers, "Connection", "close"],
    setHost: false,
  });
  const answered = new Promise<void>((resolve, reject) => {
    upstream.once("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEndHeaders(answer.rawHeaders));
      response.flushHeaders();
      pipeline(answer, response).then(resolve, reject);
    });
    upstream.once("error", reject);
  });
  response.once("close", () => {
    if (!response.writableFinished) upstream.destroy();
  });
  message.on("error", () => upstream.destroy());
  message.pipe(upstream);
  try {
    await answered;
  } catch (error) {
    if (response.headersSent) response.destroy();
    else answerText(response, 502, `${request.label} ended the connection: ${messageOf(error)}`);
  } finally {
    // The upstream may answer before it has read the whole request.
    message.unpipe(upstream);
    message.resume();
    socket.destroy();
  }
}

/** After the upgrade it is the two ends' own protocol: bytes pass both ways, also those that came early. */
export async function proxyUpgrade(message: IncomingMessage, client: Duplex, head: Buffer, request: ProxyRequest): Promise<void> {
  client.on("error", () => client.destroy());
  let socket: Socket;
  try {
    socket = await dial(request);
  } catch (error) {
    refuseUpgrade(client, 502, `${request.label} cannot be reached: ${messageOf(error)}`);
    return;
  }
  const headers = outgoingHeaders(message, request, message.rawHeaders);
  const lines = [`${message.method} ${message.url} HTTP/1.1`];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  if (head.length > 0) socket.write(head);
  await Promise.allSettled([pipeline(client, socket), pipeline(socket, client)]);
}

export function refuseUpgrade(client: Duplex, status: 404 | 426 | 502, text: string): void {
  const reasons = { 404: "Not Found", 426: "Upgrade Required", 502: "Bad Gateway" } as const;
  const body = `${text}\n`;
  client.end(
    `HTTP/1.1 ${status} ${reasons[status]}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

export function answerText(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
  response.end(`${text}\n`);
}
