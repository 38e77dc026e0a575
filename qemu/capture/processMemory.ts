import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { SpectestError } from "../../src/errors/index.ts";
import type { Mapping } from "./mappings.ts";
import { PAGE_BYTES, type PageRun, pagesIn } from "./pagemap.ts";

/** Reads the runs' pages, one after the other, into one buffer. Synchronous: the guest stands still meanwhile. */
export function readPages(pid: number, mappings: readonly Mapping[], runs: readonly PageRun[]): Buffer {
  const pages = Buffer.allocUnsafeSlow(pagesIn(runs) * PAGE_BYTES);
  transfer(pid, "r", mappings, runs, (fd, address, offset, length) => readSync(fd, pages, offset, length, address));
  return pages;
}

/** Puts pages, in the order of the runs, where a process maps them. */
export function writePages(pid: number, mappings: readonly Mapping[], runs: readonly PageRun[], pages: Buffer): void {
  transfer(pid, "r+", mappings, runs, (fd, address, offset, length) => writeSync(fd, pages, offset, length, address));
}

type Move = (fd: number, address: number, bufferOffset: number, length: number) => number;

function transfer(pid: number, flags: "r" | "r+", mappings: readonly Mapping[], runs: readonly PageRun[], move: Move): void {
  const fd = openSync(`/proc/${pid}/mem`, flags);
  try {
    let bufferOffset = 0;
    for (const run of runs) {
      let fileOffset = run.page * PAGE_BYTES;
      const end = fileOffset + run.count * PAGE_BYTES;
      while (fileOffset < end) {
        const mapping = mappings.find((candidate) => fileOffset >= candidate.fileOffset && fileOffset < fileEnd(candidate));
        if (!mapping) throw new SpectestError("INTERNAL", { what: `RAM page ${run.page} is not mapped by process ${pid}` });
        const length = Math.min(end, fileEnd(mapping)) - fileOffset;
        const moved = move(fd, mapping.start + (fileOffset - mapping.fileOffset), bufferOffset, length);
        if (moved <= 0) throw new SpectestError("INTERNAL", { what: `the memory of process ${pid} ended at RAM page ${run.page}` });
        fileOffset += moved;
        bufferOffset += moved;
      }
    }
  } finally {
    closeSync(fd);
  }
}

function fileEnd({ start, end, fileOffset }: Mapping): number {
  return fileOffset + (end - start);
}
