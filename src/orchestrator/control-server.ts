import { chmod, mkdir, rm } from "node:fs/promises";
import http2 from "node:http2";
import { connect } from "node:net";
import { SpectestError } from "../errors/index.ts";
import type { GuestClient } from "../guest/index.ts";
import type { SessionPaths } from "./session-paths.ts";

/** Asks the process that holds an environment to take it down; everything else on the socket goes to the daemon. */
const DOWN_PATH = "/v1/session/down";

export interface ControlServer {
  downRequested: Promise<void>;
  requestDown(): void;
  close(): Promise<void>;
}

/**
 * Lets other processes of this user talk to the daemon of a running environment: a socket of mode 0600 in a directory of mode 0700.
 *
 * @throws LOCK_HELD when another process serves this project already.
 */
export async function serveControl(paths: SessionPaths, guest: GuestClient): Promise<ControlServer> {
  await mkdir(paths.dir, { recursive: true, mode: 0o700 });
  if (await answers(paths.socket)) {
    throw new SpectestError("LOCK_HELD", { what: "an environment of this project is up already", hint: "spectest down" });
  }
  await rm(paths.socket, { force: true });
  let requestDown = (): void => undefined;
  const downRequested = new Promise<void>((resolve) => {
    requestDown = resolve;
  });
  const server = http2.createServer();
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => session.destroy());
    session.once("close", () => sessions.delete(session));
  });
  server.on("stream", (stream, headers) => {
    if (headers[":path"] !== DOWN_PATH) return guest.forward(stream, headers);
    stream.on("error", () => undefined);
    stream.respond({ ":status": 200 });
    stream.end("{}", requestDown);
  });
  const previous = process.umask(0o177);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(paths.socket, resolve);
  }).finally(() => process.umask(previous));
  await chmod(paths.socket, 0o600);
  return {
    downRequested,
    requestDown,
    async close() {
      for (const session of sessions) session.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(paths.dir, { recursive: true, force: true });
    },
  };
}

/** Whether somebody listens on a socket; a file left behind by a killed process does not count. */
export function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Asks the holder to take the environment down; resolves when its socket is gone, which is the last thing it lets go of. */
export async function requestDown(path: string): Promise<void> {
  const session = http2.connect("http://session", { createConnection: () => connect(path) });
  await new Promise<void>((resolve, reject) => {
    session.once("error", reject);
    session.once("close", resolve);
    const request = session.request({ ":method": "POST", ":path": DOWN_PATH });
    request.on("error", () => undefined);
    request.resume();
    request.end();
  });
}
