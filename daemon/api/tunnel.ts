/** HTTP/2 CONNECT: a byte stream to a port inside the guest, for port forwards. */
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { connect } from "node:net";
import { pipeline } from "node:stream/promises";
import { messageOf } from "../../src/errors/index.ts";
import { toWireError } from "../ipc/peer.ts";

export interface TunnelTarget {
  host: string;
  port: number;
}

const CONNECT_MS = 10_000;

export async function openTunnel(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  resolveTarget: (host: string, port: number) => Promise<TunnelTarget>,
): Promise<void> {
  const refuse = (status: number, error: unknown): void => {
    if (stream.destroyed) return;
    stream.respond({ ":status": status, "content-type": "application/json" });
    stream.end(JSON.stringify({ error: toWireError(error) }));
  };
  const authority = parseAuthority(headers[":authority"] ?? "");
  if (!authority) {
    refuse(400, new Error(`not a host and port: ${headers[":authority"] ?? ""}`));
    return;
  }
  try {
    const socket = await dial(await resolveTarget(authority.host, authority.port));
    if (stream.destroyed) {
      socket.destroy();
      return;
    }
    stream.respond({ ":status": 200 });
    // Either side's end or reset ends both: that is what a tunnel is.
    await Promise.allSettled([pipeline(stream, socket), pipeline(socket, stream)]);
  } catch (error) {
    refuse(502, new Error(`${authority.host}:${authority.port}: ${messageOf(error)}`));
  }
}

export function parseAuthority(authority: string): TunnelTarget | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/i.exec(authority);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  return host !== undefined && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

function dial(target: TunnelTarget): Promise<ReturnType<typeof connect>> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: target.host, port: target.port, noDelay: true, allowHalfOpen: true });
    const timer = setTimeout(() => socket.destroy(new Error(`no connection within ${CONNECT_MS} ms`)), CONNECT_MS);
    socket.once("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once("connect", () => {
      clearTimeout(timer);
      resolve(socket);
    });
  });
}
