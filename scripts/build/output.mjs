/** Puts built files in place: atomically, only when they changed, and without leftovers of an earlier build. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

/** Writes `files` (absolute path → bytes) and returns how many differed from what was there. */
export async function writeChanged(files) {
  const written = await Promise.all(
    [...files].map(async ([path, contents]) => {
      const old = await readFile(path).catch(() => undefined);
      if (old?.equals(contents)) return false;
      await mkdir(dirname(path), { recursive: true });
      // A reader of another process sees the old file or the new one, never half of one.
      const draft = `${path}.${process.pid}.draft`;
      await writeFile(draft, contents);
      await rename(draft, path);
      return true;
    }),
  );
  return written.filter(Boolean).length;
}

/**
 * Removes files below `dir` which this build did not produce. Files younger than `keepMs` stay, so that a command
 * which is still running finds the chunks it has yet to load.
 */
export async function removeStale(dir, files, { keepMs }) {
  const names = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of names) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || files.has(path) || path.endsWith(".draft")) continue;
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs >= keepMs) await rm(path, { force: true });
  }
}

/** SHA-256 over the sorted names and contents of the files that travel into the guest. */
export function guestDigest(files, guestDir) {
  const hash = createHash("sha256");
  const inGuest = [...files.keys()].filter((path) => path.startsWith(`${guestDir}/`) && path.endsWith(".mjs")).sort();
  for (const path of inGuest) {
    const contents = files.get(path);
    hash.update(`${relative(guestDir, path)}\0${contents.byteLength}\0`).update(contents);
  }
  return hash.digest("hex");
}
