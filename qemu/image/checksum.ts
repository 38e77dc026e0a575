import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { SpectestError } from "../../src/errors/index.ts";
import { run } from "../../src/platform/index.ts";

const CHUNK_BYTES = 1024 * 1024;
const ZEROS = Buffer.alloc(CHUNK_BYTES);

/** A stretch of a file that may hold data; the rest is holes. */
interface Extent {
  start: number;
  length: number;
}

/**
 * A digest of a sparse file that does not depend on where its holes are: SHA-256 over every chunk of 1 MiB that is not all
 * zeros, each after its offset, and the file's size at the end. Reads the data only.
 */
export async function sparseSha256(path: string, signal?: AbortSignal): Promise<string> {
  const extents = await dataExtents(path, signal);
  const hash = createHash("sha256");
  await using file = await open(path, "r");
  const { size } = await file.stat();
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (const offset of chunkOffsets(extents)) {
    signal?.throwIfAborted();
    const filled = await readFully(file, chunk, offset);
    if (chunk.subarray(0, filled).equals(ZEROS.subarray(0, filled))) continue;
    hash.update(`${offset}:`).update(chunk.subarray(0, filled));
  }
  return hash.update(`size ${size}`).digest("hex");
}

/** SHA-256 of an ordinary file. */
export async function fileSha256(path: string): Promise<string> {
  await using file = await open(path, "r");
  const hash = createHash("sha256");
  for await (const chunk of file.createReadStream({ autoClose: false })) hash.update(chunk);
  return hash.digest("hex");
}

/** Offsets of the chunks that extents touch, ascending, each once. */
export function* chunkOffsets(extents: readonly Extent[]): Generator<number> {
  let next = 0;
  for (const { start, length } of extents) {
    const first = Math.max(next, Math.floor(start / CHUNK_BYTES) * CHUNK_BYTES);
    for (next = first; next < start + length; next += CHUNK_BYTES) yield next;
  }
}

async function readFully(file: FileHandle, buffer: Buffer, offset: number): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

async function dataExtents(path: string, signal?: AbortSignal): Promise<Extent[]> {
  const result = await run("qemu-img", ["map", "--output=json", "-f", "raw", path], signal ? { signal } : {});
  if (result.exitCode !== 0) throw new SpectestError("IMAGE_BUILD", { what: `qemu-img map failed: ${result.stderr.trim()}`, value: path });
  const map: unknown = JSON.parse(result.stdout);
  if (!Array.isArray(map)) throw new SpectestError("IMAGE_BUILD", { what: "qemu-img map gave no list", value: path });
  return map.flatMap((entry: { start?: number; length?: number; zero?: boolean }) =>
    entry.zero || entry.start === undefined || entry.length === undefined ? [] : [{ start: entry.start, length: entry.length }],
  );
}
