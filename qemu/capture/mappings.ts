import { readFileSync, statSync } from "node:fs";
import { SpectestError } from "../../src/errors/index.ts";

/** A piece of a process's address space that maps a piece of a file. */
export interface Mapping {
  start: number;
  end: number;
  fileOffset: number;
}

/** Where a process has mapped a file, found by device and inode: the file may have been moved since. */
export function mappingsOf(pid: number, path: string): Mapping[] {
  const { ino } = statSync(path, { bigint: true });
  const mappings = parseMaps(readFileSync(`/proc/${pid}/maps`, "latin1"), ino);
  if (mappings.length === 0) throw new SpectestError("INTERNAL", { what: `process ${pid} does not map ${path}`, value: path });
  return mappings;
}

/** Lines are "start-end perms offset dev inode path". */
export function parseMaps(maps: string, inode: bigint): Mapping[] {
  const mappings: Mapping[] = [];
  for (const line of maps.split("\n")) {
    const [range, permissions, offset, , ino] = line.split(/\s+/, 5);
    if (!range || !permissions?.startsWith("rw") || offset === undefined || ino !== String(inode)) continue;
    const [start, end] = range.split("-");
    mappings.push({
      start: Number.parseInt(start ?? "", 16),
      end: Number.parseInt(end ?? "", 16),
      fileOffset: Number.parseInt(offset, 16),
    });
  }
  return mappings;
}
