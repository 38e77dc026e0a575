import { createHash } from "node:crypto";
import { open, readFile, stat } from "node:fs/promises";
import type { BulkFile, SmallFile } from "./manifest.ts";

const SAMPLES = 64;
const SAMPLE_BYTES = 4096;

export async function measureSmall(path: string): Promise<SmallFile> {
  const bytes = await readFile(path);
  return { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

export async function measureBulk(path: string): Promise<BulkFile> {
  const { size, mtimeNs } = await stat(path, { bigint: true });
  return { bytes: Number(size), mtimeNs: String(mtimeNs), sampleSha256: await sampleSha256(path, Number(size)) };
}

/** Why a file is not what was recorded, or undefined when it is. */
export async function smallDamage(path: string, expected: SmallFile): Promise<string | undefined> {
  const size = await sizeOf(path);
  if (size === undefined) return "the file is missing";
  if (size !== expected.bytes) return `the file has ${size} bytes instead of ${expected.bytes}`;
  const actual = await measureSmall(path);
  return actual.sha256 === expected.sha256 ? undefined : "the checksum differs";
}

/** As above. A changed modification time alone counts as damage: nothing writes to these files once they are published. */
export async function bulkDamage(path: string, expected: BulkFile): Promise<string | undefined> {
  const size = await sizeOf(path);
  if (size === undefined) return "the file is missing";
  if (size !== expected.bytes) return `the file has ${size} bytes instead of ${expected.bytes}`;
  const actual = await measureBulk(path);
  if (actual.mtimeNs !== expected.mtimeNs) return "the file was changed after the capture";
  return actual.sampleSha256 === expected.sampleSha256 ? undefined : "the checksum differs";
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}

async function sampleSha256(path: string, size: number): Promise<string> {
  const hash = createHash("sha256").update(String(size));
  const file = await open(path, "r");
  try {
    const buffer = Buffer.alloc(SAMPLE_BYTES);
    const step = Math.max(SAMPLE_BYTES, Math.floor(size / SAMPLES / SAMPLE_BYTES) * SAMPLE_BYTES);
    for (let offset = 0; offset < size; offset += step) {
      const { bytesRead } = await file.read(buffer, 0, SAMPLE_BYTES, offset);
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}
