import type { OutputFile } from "esbuild";
import { dirname, relative, resolve, sep } from "node:path";
import { hashOf } from "../platform/index.ts";

/** A file of the project, by its path relative to the project's root with forward slashes. */
export type ProjectPath = string;

/**
 * esbuild's outputs by path relative to `root`, with the sources of every map relative to `root` too, so that a
 * stack trace in the guest reads "<bundle>/spectest/tests/checkout.ts" wherever the bundle lies.
 */
export function collectOutputs(root: string, outputFiles: readonly OutputFile[]): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const file of [...outputFiles].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    files.set(toProjectPath(root, file.path), file.path.endsWith(".map") ? rebaseMap(root, file) : file.contents);
  }
  return files;
}

interface SourceMap {
  sources: string[];
  sourceRoot?: string;
}

function rebaseMap(root: string, file: OutputFile): Uint8Array {
  const map: SourceMap = JSON.parse(file.text);
  map.sources = map.sources.map((source) => toProjectPath(root, resolve(dirname(file.path), source)));
  // Node resolves sources against the map's own place; from there this leads to the top of the bundle.
  map.sourceRoot = `${toProjectPath(dirname(file.path), root) || "."}/`;
  return Buffer.from(JSON.stringify(map));
}

/** Digest over sorted paths and contents. */
export function hashFiles(files: ReadonlyMap<string, Uint8Array>): string {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  return hashOf(...sorted.flat());
}

export function toProjectPath(root: string, path: string): ProjectPath {
  return relative(root, path).split(sep).join("/");
}
