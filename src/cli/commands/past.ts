/** Recorded runs of the project around a directory. */
import { readdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { SpectestError } from "../../errors/index.ts";
import { journalPath, JournalError, readJournal, type RunEvent } from "../../events/index.ts";
import { projectPaths } from "../../platform/paths.ts";
import { suggest } from "../suggest.ts";

/** The directory of the project's runs, looked for here and above. */
export function runsDir(cwd: string): string {
  for (let dir = cwd; ; dir = dirname(dir)) {
    const { runs } = projectPaths(dir);
    if (existsSync(runs)) return runs;
    if (dirname(dir) === dir)
      throw new SpectestError("PROJECT_NOT_FOUND", { what: `no recorded runs in ${cwd} or above`, hint: "spectest test" });
  }
}

/** Newest first: ids of runs sort by time. */
export async function runIds(dir: string): Promise<string[]> {
  const names = await readdir(dir);
  return names.filter((name) => existsSync(journalPath(dir, name))).toSorted((a, b) => b.localeCompare(a));
}

export async function readRun(dir: string, wanted: string | undefined): Promise<{ id: string; events: RunEvent[]; cut: boolean }> {
  const ids = await runIds(dir);
  const id = wanted === undefined ? ids[0] : (ids.find((each) => each === wanted) ?? ids.find((each) => each.startsWith(wanted)));
  if (id === undefined) {
    const near = wanted === undefined ? [] : suggest(wanted, ids);
    throw new SpectestError("USAGE", {
      what: `there is no run ${wanted ?? ""} in ${join(dir)}`,
      hint: near[0] === undefined ? "spectest runs" : `spectest replay ${near[0]}`,
    });
  }
  try {
    return { id, ...(await readJournal(journalPath(dir, id))) };
  } catch (error) {
    if (error instanceof JournalError) throw new SpectestError("PROJECT_INVALID", { what: error.message, cause: error });
    throw error;
  }
}
