import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { SpectestError } from "../../src/errors/index.ts";
import { type HomePaths, homePaths } from "../homePaths.ts";

/**
 * Makes the directory the engine's own, once: creates it, or accepts one that is empty or carries the marker file.
 *
 * @throws STORE_FOREIGN when it holds somebody else's files.
 */
export async function claimHome(root: string): Promise<HomePaths> {
  const paths = homePaths(root);
  await mkdir(root, { recursive: true, mode: 0o700 });
  if (!(await exists(paths.marker))) {
    const ours = new Set(Object.values(paths).map((path) => basename(path)));
    const foreign = (await readdir(root)).find((name) => !ours.has(name));
    if (foreign !== undefined) {
      throw new SpectestError("STORE_FOREIGN", {
        what: `${root} is not a state directory of spectest: it has no marker file but contains ${foreign}`,
        hint: "set SPECTEST_HOME to an empty or new directory",
        value: root,
      });
    }
    await writeFile(paths.marker, "This directory belongs to spectest; everything in it can be rebuilt.\n", { mode: 0o600 });
  }
  await Promise.all([paths.vms, paths.snapshots, paths.keys, paths.locks].map((dir) => mkdir(dir, { recursive: true, mode: 0o700 })));
  return paths;
}

/** @throws STORE_FOREIGN unless the directory carries the marker. Called before anything in it is deleted. */
export async function assertOwnHome(paths: HomePaths): Promise<void> {
  if (await exists(paths.marker)) return;
  throw new SpectestError("STORE_FOREIGN", {
    what: `${paths.root} does not carry the marker file ${basename(paths.marker)}`,
    value: paths.root,
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
