import { open, readFile } from "node:fs/promises";
import { SpectestError } from "../../src/errors/index.ts";
import { PAGE_BYTES, type PageRun, pagesIn } from "./pagemap.ts";

/**
 * The pages of a delta: a magic number, the number of runs, the runs (first page and count, 32 bits each, little endian),
 * padding up to a page, then the pages in the order of the runs.
 */
const MAGIC = Buffer.from("SPDELTA1", "latin1");
const HEADER_BYTES = 16;
const RUN_BYTES = 8;

export interface Delta {
  runs: PageRun[];
  pages: Buffer;
}

export async function writeDeltaFile(path: string, { runs, pages }: Delta): Promise<number> {
  const header = encodeRuns(runs);
  const file = await open(path, "wx", 0o600);
  try {
    await file.writev([header, pages]);
  } finally {
    await file.close();
  }
  return header.length + pages.length;
}

/** @throws SNAPSHOT_INVALID when the file is not a whole delta. */
export async function readDeltaFile(path: string): Promise<Delta> {
  const bytes = await readFile(path);
  const runs = decodeRuns(bytes);
  const start = runs && dataStart(runs.length);
  if (!runs || start === undefined || bytes.length !== start + pagesIn(runs) * PAGE_BYTES) {
    throw new SpectestError("SNAPSHOT_INVALID", { what: `${path} is not a whole delta`, value: { field: "files.delta" } });
  }
  return { runs, pages: bytes.subarray(start) };
}

export function encodeRuns(runs: readonly PageRun[]): Buffer {
  const header = Buffer.alloc(dataStart(runs.length));
  MAGIC.copy(header);
  header.writeUInt32LE(runs.length, 8);
  runs.forEach((run, index) => {
    header.writeUInt32LE(run.page, HEADER_BYTES + index * RUN_BYTES);
    header.writeUInt32LE(run.count, HEADER_BYTES + index * RUN_BYTES + 4);
  });
  return header;
}

export function decodeRuns(bytes: Buffer): PageRun[] | undefined {
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const count = bytes.readUInt32LE(8);
  if (bytes.length < HEADER_BYTES + count * RUN_BYTES) return undefined;
  return Array.from({ length: count }, (_, index) => ({
    page: bytes.readUInt32LE(HEADER_BYTES + index * RUN_BYTES),
    count: bytes.readUInt32LE(HEADER_BYTES + index * RUN_BYTES + 4),
  }));
}

function dataStart(runs: number): number {
  return Math.ceil((HEADER_BYTES + runs * RUN_BYTES) / PAGE_BYTES) * PAGE_BYTES;
}
