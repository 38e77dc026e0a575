import { createConnection, type Socket } from "node:net";
import { SpectestError } from "../../src/errors/index.ts";

/** Connects to one of a machine's Unix sockets. They all exist once QEMU has greeted on its monitor. */
export function connectSocket(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", (cause) => reject(new SpectestError("CHANNEL", { what: `cannot connect to ${path}: ${cause.message}`, cause })));
  });
}
