import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../src/platform/index.ts";
import type { PhaseTimings } from "../types.ts";
import { type Percentiles, spread } from "./percentiles.ts";

/** What a load costs when its files are on the disk and not in the host's page cache: the first one of a day. */
export interface ColdLoad {
  load: Percentiles;
  total: Percentiles;
}

export function coldLoad(runs: readonly PhaseTimings[]): ColdLoad {
  return { load: spread(runs.map(({ load }) => load ?? 0)), total: spread(runs.map(({ total }) => total ?? 0)) };
}

/** Drops files, or all files of a directory, from the page cache. dd's `nocache` is POSIX_FADV_DONTNEED, which needs clean pages. */
export async function evict(path: string): Promise<void> {
  const names = await readdir(path).catch(() => undefined);
  for (const file of names ? names.map((name) => join(path, name)) : [path]) {
    await using handle = await open(file, "r");
    await handle.datasync();
    await run("dd", [`if=${file}`, "iflag=nocache", "count=0", "status=none"]);
  }
}
