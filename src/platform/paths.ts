import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/**
 * The machine-wide state directory: SPECTEST_HOME, else XDG_CACHE_HOME/spectest, else ~/.cache/spectest. Always absolute.
 *
 * @example spectestHome({ SPECTEST_HOME: "/var/tmp/st" }) // "/var/tmp/st"
 */
export function spectestHome(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (env.SPECTEST_HOME) return resolve(env.SPECTEST_HOME);
  const cache = env.XDG_CACHE_HOME;
  return join(cache && isAbsolute(cache) ? cache : join(homedir(), ".cache"), "spectest");
}

/** Names inside a project's own state directory, in one place. */
export function projectPaths(projectDir: string): { state: string; runs: string } {
  const state = join(projectDir, ".spectest");
  return { state, runs: join(state, "runs") };
}
