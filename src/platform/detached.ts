import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

export interface DetachedProcess {
  pid: number;
  /** Settles when it ends, as long as this process lives. Never rejects. */
  exited: Promise<number | null>;
  /** Asks it to end. */
  terminate(): void;
}

/**
 * Starts this same node with other arguments as a session of its own, which outlives this process.
 *
 * @param files absolute; both are created anew
 */
export function startDetached(args: readonly string[], options: { cwd: string; stdout: string; stderr: string }): DetachedProcess {
  const stdout = openSync(options.stdout, "w", 0o600);
  const stderr = openSync(options.stderr, "w", 0o600);
  const child = spawn(process.execPath, args, { cwd: options.cwd, detached: true, stdio: ["ignore", stdout, stderr] });
  closeSync(stdout);
  closeSync(stderr);
  const exited = new Promise<number | null>((resolve) => {
    child.once("exit", (code) => resolve(code));
    child.once("error", () => resolve(null));
  });
  child.unref();
  return {
    pid: child.pid ?? 0,
    exited,
    terminate() {
      child.kill("SIGTERM");
    },
  };
}
