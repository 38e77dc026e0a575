import { join } from "node:path";
import { hashOf } from "../platform/index.ts";

export interface SessionPaths {
  dir: string;
  /** Unix socket that forwards requests to the daemon of the running environment. */
  socket: string;
}

/** Where a running environment of a project can be found, by its directory. Short: socket paths end at 107 bytes. */
export function sessionPaths(home: string, projectRoot: string): SessionPaths {
  const dir = join(home, "up", hashOf("session", projectRoot).slice(0, 12));
  return { dir, socket: join(dir, "control.sock") };
}
