import { writeFile } from "node:fs/promises";

const CLUSTER_BITS = 16;
const CLUSTER = 1 << CLUSTER_BITS;
const BACKING_FORMAT_EXTENSION = 0xe2792aca;

export interface OverlayOptions {
  /** Size of the disk the guest sees; that of the backing file. */
  virtualSizeBytes: number;
  backingPath: string;
  backingFormat: "raw" | "qcow2";
}

/**
 * An empty qcow2 overlay (version 3, 64 KiB clusters): header, refcount table, one refcount block and an L1 table, each
 * in clusters of its own. Written here rather than by qemu-img because the path of a fork has no time for a process, and
 * because the backing file need not exist yet: it may be named where it is going to be.
 */
export function emptyOverlay({ virtualSizeBytes, backingPath, backingFormat }: OverlayOptions): Buffer {
  const l1Entries = Math.ceil(virtualSizeBytes / (CLUSTER * (CLUSTER / 8)));
  const l1Clusters = Math.max(1, Math.ceil((l1Entries * 8) / CLUSTER));
  const clusters = 3 + l1Clusters;
  const image = Buffer.alloc(clusters * CLUSTER);
  const format = Buffer.from(backingFormat);
  const backing = Buffer.from(backingPath);
  const extensionAt = 104;
  const backingAt = extensionAt + 8 + Math.ceil(format.length / 8) * 8 + 8;

  image.write("QFI\xfb", 0, "latin1");
  image.writeUInt32BE(3, 4);
  image.writeBigUInt64BE(BigInt(backingAt), 8);
  image.writeUInt32BE(backing.length, 16);
  image.writeUInt32BE(CLUSTER_BITS, 20);
  image.writeBigUInt64BE(BigInt(virtualSizeBytes), 24);
  image.writeUInt32BE(l1Entries, 36);
  image.writeBigUInt64BE(BigInt(3 * CLUSTER), 40); // L1 table
  image.writeBigUInt64BE(BigInt(CLUSTER), 48); // refcount table
  image.writeUInt32BE(1, 56); // clusters of the refcount table
  image.writeUInt32BE(4, 96); // refcounts of 16 bits
  image.writeUInt32BE(104, 100); // header length
  image.writeUInt32BE(BACKING_FORMAT_EXTENSION, extensionAt);
  image.writeUInt32BE(format.length, extensionAt + 4);
  format.copy(image, extensionAt + 8);
  backing.copy(image, backingAt);
  image.writeBigUInt64BE(BigInt(2 * CLUSTER), CLUSTER); // the one refcount block
  for (let cluster = 0; cluster < clusters; cluster++) image.writeUInt16BE(1, 2 * CLUSTER + 2 * cluster);
  return image;
}

/** Writes an empty overlay to a new file. */
export async function writeOverlay(path: string, options: OverlayOptions): Promise<void> {
  await writeFile(path, emptyOverlay(options), { mode: 0o600, flag: "wx" });
}
