import { closeSync, openSync, readSync } from "node:fs";
import type { Mapping } from "./mappings.ts";

export const PAGE_BYTES = 4096;

/** Consecutive pages, counted from the start of the RAM file. */
export interface PageRun {
  page: number;
  count: number;
}

const ENTRY_BYTES = 8;
const ENTRIES_PER_READ = 128 * 1024;
// The upper half of a pagemap entry: bit 63 present, 62 swapped, 61 file page or shared.
const PRESENT_OR_SWAPPED = 0xc000_0000;
const FILE_OR_SHARED = 0x2000_0000;

/** The pages of a private mapping that are the process's own: those it has written to since it mapped the file. */
export function privateRuns(pid: number, mappings: readonly Mapping[]): PageRun[] {
  const fd = openSync(`/proc/${pid}/pagemap`, "r");
  try {
    const runs: PageRun[] = [];
    const buffer = Buffer.allocUnsafeSlow(ENTRIES_PER_READ * ENTRY_BYTES);
    for (const mapping of mappings) {
      const total = (mapping.end - mapping.start) / PAGE_BYTES;
      for (let first = 0; first < total; first += ENTRIES_PER_READ) {
        const wanted = Math.min(ENTRIES_PER_READ, total - first) * ENTRY_BYTES;
        const read = readSync(fd, buffer, 0, wanted, (mapping.start / PAGE_BYTES + first) * ENTRY_BYTES);
        appendRuns(runs, buffer.subarray(0, read), mapping.fileOffset / PAGE_BYTES + first);
      }
    }
    return runs;
  } finally {
    closeSync(fd);
  }
}

/** Adds the private pages of a stretch of pagemap entries; runs that touch are joined. */
export function appendRuns(runs: PageRun[], entries: Buffer, firstPage: number): void {
  const words = new Uint32Array(entries.buffer, entries.byteOffset, entries.length / 4);
  let last = runs.at(-1);
  for (let index = 1; index < words.length; index += 2) {
    const high = words[index] ?? 0;
    if ((high & PRESENT_OR_SWAPPED) === 0 || (high & FILE_OR_SHARED) !== 0) continue;
    const page = firstPage + (index >> 1);
    if (last && last.page + last.count === page) {
      last.count++;
    } else {
      last = { page, count: 1 };
      runs.push(last);
    }
  }
}

export function pagesIn(runs: readonly PageRun[]): number {
  return runs.reduce((sum, run) => sum + run.count, 0);
}
