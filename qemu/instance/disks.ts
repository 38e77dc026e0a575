import { isAbsolute, join, relative } from "node:path";
import { writeOverlay } from "../fork/qcow2.ts";
import type { HomePaths } from "../homePaths.ts";
import { SNAPSHOT_FILES } from "../snapshot/manifest.ts";

/**
 * How a disk in an instance or snapshot directory refers to the one below it: relative where that is in the same state
 * directory, so that the directory can be moved as a whole.
 */
export function backingReference(paths: HomePaths, target: string): string {
  const below = relative(paths.root, target);
  return below.startsWith("..") || isAbsolute(below) ? target : join("..", "..", below);
}

/** An empty disk above a snapshot's. */
export async function overlayOfSnapshot(paths: HomePaths, id: string, path: string, virtualSizeBytes: number): Promise<void> {
  const backingPath = backingReference(paths, join(paths.snapshots, id, SNAPSHOT_FILES.disk));
  await writeOverlay(path, { virtualSizeBytes, backingPath, backingFormat: "qcow2" });
}

/** An empty disk above a pristine image. */
export async function overlayOfImage(paths: HomePaths, diskPath: string, path: string, virtualSizeBytes: number): Promise<void> {
  await writeOverlay(path, { virtualSizeBytes, backingPath: backingReference(paths, diskPath), backingFormat: "raw" });
}
