/** Puts the HTTP/2 server on the control port, or on a Unix socket for tests and development. */
import { rm } from "node:fs/promises";
import type { Http2Server } from "node:http2";
import { createServer, type Server } from "node:net";
import { acceptLinks } from "../../src/protocol/link.ts";
import { openPort } from "./port.ts";

export type Listen = { port: string } | { socket: string };

/** Resolves once a host can connect; the returned function stops listening. */
export async function serve(server: Http2Server, listen: Listen): Promise<() => void> {
  if ("port" in listen) {
    const channel = await openPort(listen.port);
    acceptLinks(channel, (stream) => server.emit("connection", stream));
    return () => channel.destroy();
  }
  await rm(listen.socket, { force: true });
  const sockets: Server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    acceptLinks(socket, (stream) => server.emit("connection", stream));
  });
  await new Promise<void>((resolve, reject) => {
    sockets.once("error", reject);
    sockets.listen(listen.socket, resolve);
  });
  return () => sockets.close();
}
