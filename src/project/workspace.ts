import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";
import type { Project } from "./find.ts";
import { DEFAULT_EXCLUDES, type IgnoreList, ignoreList } from "./ignore.ts";

type WorkspaceEntry =
  | { type: "file"; path: string; mode: number; sizeBytes: number }
  | { type: "directory"; path: string }
  | { type: "symlink"; path: string; target: string };

/** The build context of a project's Dockerfile services, listed and hashed. */
export interface Workspace {
  /** SHA-256 over paths, kinds, executable bits and contents; times and owners do not count. */
  readonly hash: string;
  readonly sizeBytes: number;
  readonly fileCount: number;
  /** Symbolic links left out because they point outside the workspace. */
  readonly skippedLinks: readonly string[];
  /**
   * The same bytes for the same content: sorted, times 0, owner 0. Ends with an error when a file changes under it.
   */
  tar(signal?: AbortSignal): Readable;
}

export interface PackOptions {
  /** `exclude` of all services together, in .dockerignore syntax, on top of DEFAULT_EXCLUDES. */
  readonly excludes?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * Reads the workspace (the directory above `spectest/`). Needed only when a service is built from a Dockerfile.
 *
 * @example const { hash, tar } = await packWorkspace(project, { excludes: ["docs"] });
 */
export async function packWorkspace(project: Project, options: PackOptions = {}): Promise<Workspace> {
  const ignored = ignoreList([...DEFAULT_EXCLUDES, ...(options.excludes ?? [])]);
  const found: Listing = { entries: [], skippedLinks: [] };
  await listInto(found, project.root, "", ignored, options.signal);
  const files = found.entries.filter((entry) => entry.type === "file");
  return {
    hash: await hashEntries(project.root, found.entries, options.signal),
    sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
    fileCount: files.length,
    skippedLinks: found.skippedLinks,
    tar: (signal) => tarOf(project.root, found.entries, signal),
  };
}

interface Listing {
  entries: WorkspaceEntry[];
  skippedLinks: string[];
}

async function listInto(found: Listing, root: string, dir: string, ignored: IgnoreList, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  for (const name of (await readdir(join(root, dir))).sort()) {
    const path = dir === "" ? name : `${dir}/${name}`;
    const excluded = ignored.excludes(path);
    if (excluded && !ignored.hasExceptions) continue;
    const stats = await lstat(join(root, path));
    if (stats.isDirectory()) {
      if (!excluded) found.entries.push({ type: "directory", path });
      await listInto(found, root, path, ignored, signal);
    } else if (excluded) continue;
    else if (stats.isFile()) found.entries.push({ type: "file", path, mode: stats.mode & 0o111 ? 0o755 : 0o644, sizeBytes: stats.size });
    else if (stats.isSymbolicLink()) await addLink(found, root, path);
  }
}

async function addLink(found: Listing, root: string, path: string): Promise<void> {
  const target = await readlink(join(root, path));
  const fromRoot = relative(root, resolve(root, dirname(path), target));
  const isInside = !isAbsolute(target) && fromRoot !== ".." && !fromRoot.startsWith("../");
  if (isInside) found.entries.push({ type: "symlink", path, target });
  else found.skippedLinks.push(path);
}

async function hashEntries(root: string, entries: readonly WorkspaceEntry[], signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash("sha256");
  for (const entry of entries) {
    signal?.throwIfAborted();
    hash.update(`${JSON.stringify(entry)}\n`);
    if (entry.type === "file") await hashFile(hash, join(root, entry.path));
  }
  return hash.digest("hex");
}

async function hashFile(hash: Hash, path: string): Promise<void> {
  for await (const chunk of createReadStream(path)) hash.update(chunk);
}

function tarOf(root: string, entries: readonly WorkspaceEntry[], signal: AbortSignal | undefined): Readable {
  const archive = pack();
  writeEntries(archive, root, entries, signal).then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  // tar-stream's streams are of another family than Node's.
  return Readable.from(archive);
}

async function writeEntries(
  archive: Pack,
  root: string,
  entries: readonly WorkspaceEntry[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const same = { mtime: new Date(0), uid: 0, gid: 0 };
  for (const entry of entries) {
    signal?.throwIfAborted();
    if (entry.type === "directory") archive.entry({ ...same, name: `${entry.path}/`, type: "directory", mode: 0o755 });
    else if (entry.type === "symlink") archive.entry({ ...same, name: entry.path, type: "symlink", linkname: entry.target, mode: 0o777 });
    else {
      const sink = archive.entry({ ...same, name: entry.path, mode: entry.mode, size: entry.sizeBytes });
      await pipeline(createReadStream(join(root, entry.path)), sink, signal ? { signal } : {});
    }
  }
}
