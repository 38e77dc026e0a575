import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runId } from "./ids.ts";

/** Files of detached processes that are kept, newest first: enough to look into the last failures. */
const KEPT_FILES = 20;

export interface DetachedProcess {
  pid: number;
  /** Settles when it ends, as long as this process lives. Never rejects. */
  exited: Promise<number | null>;
  /** Asks it to end. */
  terminate(): void;
}

/**
 * Where a detached process writes what it prints; what older ones left beyond the last 20 files is removed.
 *
 * @param home absolute machine-wide state directory
 * @param ending of the file of its standard output, e.g. "events.jsonl"
 */
export function detachedFiles(home: string, ending: string): { stdout: string; stderr: string } {
  const dir = join(home, "detached");
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  // Names begin with the time.
  for (const old of readdirSync(dir).sort().slice(0, -KEPT_FILES)) rmSync(join(dir, old), { force: true });
  const name = runId();
  return { stdout: join(dir, `${name}.${ending}`), stderr: join(dir, `${name}.log`) };
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
