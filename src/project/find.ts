import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { SpectestError } from "../errors/index.ts";

/** Name of the directory which makes the directory above it a project. */
export const PROJECT_DIRECTORY = "spectest";

const ENTRY_NAMES = ["index.ts", "index.mts", "index.mjs", "index.js"] as const;

/** A project found on disk. All paths are absolute, without symbolic links (esbuild reports such paths, and both must agree). */
export interface Project {
  /** What paths shown to people are relative to: the directory that holds `spectest/`. */
  readonly root: string;
  /** `<root>/spectest`. */
  readonly dir: string;
  readonly entry: string;
  readonly name: string;
}

/**
 * The project of `cwd`: the nearest directory upwards with a `spectest/` that has an entry file.
 *
 * @throws SpectestError PROJECT_NOT_FOUND when there is none; it names a `spectest/` without an entry, if one was passed.
 * @example const project = await findProject(process.cwd());
 */
export async function findProject(cwd: string): Promise<Project> {
  const start = await realpath(cwd).catch(() => resolve(cwd));
  let withoutEntry: string | undefined;
  for (let root = start; ; root = dirname(root)) {
    const dir = join(root, PROJECT_DIRECTORY);
    const entry = await entryOf(dir);
    if (entry !== undefined) return { root, dir, entry, name: basename(root) };
    if (withoutEntry === undefined && (await isDirectory(dir))) withoutEntry = dir;
    if (dirname(root) === root) break;
  }
  throw notFound(start, withoutEntry === undefined ? undefined : { dir: withoutEntry, names: await readdir(withoutEntry) });
}

async function entryOf(dir: string): Promise<string | undefined> {
  for (const name of ENTRY_NAMES) {
    const path = join(dir, name);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile()) return path;
  }
  return undefined;
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

function notFound(start: string, passed: { dir: string; names: string[] } | undefined): SpectestError {
  const found = passed === undefined || passed.names.length === 0 ? "nothing" : passed.names.sort().slice(0, 8).join(", ");
  return new SpectestError("PROJECT_NOT_FOUND", {
    what:
      passed === undefined
        ? `no spectest/ directory with an entry file in ${start} or above it`
        : `${passed.dir} has no entry file: expected ${ENTRY_NAMES.join(", ")}; found ${found}`,
    hint: "spectest init",
    value: passed?.dir ?? start,
  });
}
