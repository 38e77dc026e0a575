/** The repository's own sources as the architecture tests see them. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../..");

export interface Import {
  readonly line: number;
  readonly specifier: string;
  readonly kind: "value" | "type" | "lazy";
}
export interface Source {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

/** Files git knows or would add, so that a new file is judged before it is committed. */
export function repositoryFiles(): string[] {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" });
  return listed.split("\n").filter((path) => path !== "" && existsSync(join(root, path)));
}

export function readSource(path: string): Source {
  const text = readFileSync(join(root, path), "utf8");
  return { path, text, imports: importsOf(text) };
}

const STATIC = /^[ \t]*(?:import|export)\s+(type\s+)?([^"';()=]*?)\s*from\s*["']([^"']+)["']/gm;
const BARE = /^[ \t]*import\s*["']([^"']+)["']/gm;
const LAZY = /\bimport\(\s*["']([^"']+)["']\s*\)(\.[A-Z])?/g;

/** Imports by text: every file is formatted alike, and the compiler offers no parser to programs. */
export function importsOf(text: string): Import[] {
  const code = text.replace(/^[ \t]*(?:\*|\/\/).*$/gm, "");
  const lineAt = (index: number) => code.slice(0, index).split("\n").length;
  const found: Import[] = [];
  for (const match of code.matchAll(STATIC)) {
    const [whole, typeKeyword, names = "", specifier = ""] = match;
    const isType = typeKeyword !== undefined || allTypes(names);
    found.push({ line: lineAt(match.index + whole.length), specifier, kind: isType ? "type" : "value" });
  }
  for (const match of code.matchAll(BARE)) found.push({ line: lineAt(match.index), specifier: match[1] ?? "", kind: "value" });
  for (const match of code.matchAll(LAZY)) {
    found.push({ line: lineAt(match.index), specifier: match[1] ?? "", kind: match[2] === undefined ? "lazy" : "type" });
  }
  return found;
}

function allTypes(names: string): boolean {
  const inner = /^\{(.*)\}$/s.exec(names.trim())?.[1];
  const list = inner
    ?.split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return list !== undefined && list.length > 0 && list.every((name) => name.startsWith("type "));
}

/** The longest of `names` that is the path's directory or above it. */
export function ownerOf(path: string, names: readonly string[]): string | undefined {
  return names.filter((name) => path.startsWith(`${name}/`)).sort((a, b) => b.length - a.length)[0];
}

/** Path of a relative import's target, relative to the repository. */
export function targetOf(from: string, specifier: string): string {
  return join(dirname(from), specifier);
}

/** "@scope/name" or "name" of a package import, undefined for relative ones and Node's own. */
export function packageOf(specifier: string): string | undefined {
  if (/^(\.|\/|node:)/.test(specifier)) return undefined;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
