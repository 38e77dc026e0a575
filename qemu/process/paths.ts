import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";

/** sun_path of Linux is 108 bytes with its terminating zero. */
export const MAX_SOCKET_PATH_BYTES = 107;

export const SOCKET_NAMES = ["agent.sock", "control.sock", "console.sock", "serial.sock"] as const;
export type SocketName = (typeof SOCKET_NAMES)[number];

const LONGEST = Math.max(...SOCKET_NAMES.map((name) => name.length));

/** Whether every socket of a machine fits when they lie in this directory. */
export function socketsFit(dir: string): boolean {
  return Buffer.byteLength(dir) + 1 + LONGEST <= MAX_SOCKET_PATH_BYTES;
}

/**
 * The directory for a machine's sockets: its own when paths stay short enough, else a new 0700 directory below
 * XDG_RUNTIME_DIR or the system's temporary directory, which the machine owns and removes with itself.
 */
export function socketDir(
  instanceDir: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): { dir: string; own: boolean } {
  if (socketsFit(instanceDir)) return { dir: instanceDir, own: false };
  const runtime = env.XDG_RUNTIME_DIR;
  const candidates = [...(runtime && isAbsolute(runtime) ? [runtime] : []), tmpdir(), "/tmp"];
  const base = candidates.find((candidate) => socketsFit(join(candidate, "spectest-XXXXXX"))) ?? "/tmp";
  return { dir: mkdtempSync(join(base, "spectest-")), own: true };
}
