/** Errors of the author's code as the wire carries them: their own frames, their own paths, no colours. */
import { stripVTControlCharacters } from "node:util";
import { isSpectestError, type SpectestError } from "../../src/errors/index.ts";
import type { SourceLocation, WireError } from "../../src/protocol/index.ts";
import { type CallSite, parseFrame } from "../../src/sdk/call-site.ts";
import { ProjectError } from "../../src/sdk/project-error.ts";
import { RemoteError, toWireError } from "../ipc/peer.ts";

/** Directories of the loaded bundles: what lies below them is the author's. */
export interface SourceRoots {
  /** Path relative to the project, e.g. "spectest/tests/checkout.ts"; absolute when it is not the author's. */
  relative(file: string): string;
  isOwn(file: string): boolean;
}

export function sourceRoots(dirs: readonly string[]): SourceRoots {
  const prefixes = dirs.map((dir) => (dir.endsWith("/") ? dir : `${dir}/`));
  const prefixOf = (file: string): string | undefined => prefixes.find((prefix) => file.startsWith(prefix));
  return {
    relative: (file) => file.slice(prefixOf(file)?.length ?? 0),
    isOwn: (file) => prefixOf(file) !== undefined && !file.includes("/node_modules/"),
  };
}

export function toLocation(site: CallSite | undefined, roots: SourceRoots): SourceLocation | undefined {
  return site && { file: roots.relative(site.file), line: site.line, column: site.column };
}

/** Any thrown value as a WireError whose stack shows only the author's frames, with paths of their project. */
export function toFailure(thrown: unknown, roots: SourceRoots): WireError {
  if (thrown instanceof ProjectError) return projectFailure(thrown, roots);
  if (!(thrown instanceof Error)) return { name: "Error", message: `a value that is no Error was thrown: ${plain(String(thrown))}` };
  const wire = toWireError(thrown);
  const stack = ownStack(thrown, roots);
  const at = ownLocation(thrown, roots);
  return {
    ...wire,
    message: plain(wire.message) + causes(thrown.cause),
    ...(stack === undefined ? {} : { stack }),
    ...(at === undefined ? {} : { at }),
    ...diffOf(thrown),
  };
}

function projectFailure(error: ProjectError, roots: SourceRoots): WireError {
  const at = toLocation(error.at, roots);
  return {
    name: error.name,
    message: relativeText(error.message, roots),
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(at === undefined ? {} : { at }),
  };
}

/** Replaces absolute places inside a message by ones of the project. */
function relativeText(text: string, roots: SourceRoots): string {
  return text.replaceAll(/(?:\/[^\s:()"]+)+(?=:\d+)/g, (path) => roots.relative(path));
}

function causes(cause: unknown): string {
  if (!(cause instanceof Error)) return "";
  return `\n  caused by ${cause.name}: ${plain(cause.message)}${causes(cause.cause)}`;
}

/** Frames of the author's code: the error's own, or those of the cause it reports. */
function ownFrames(error: Error, roots: SourceRoots): string[] {
  const frames = (error.stack ?? "").split("\n").filter((line) => {
    const site = /^\s+at /.test(line) ? parseFrame(line) : undefined;
    return site !== undefined && roots.isOwn(site.file);
  });
  return frames.length === 0 && error.cause instanceof Error ? ownFrames(error.cause, roots) : frames;
}

function ownStack(error: Error, roots: SourceRoots): string | undefined {
  if (error.stack === undefined) return undefined;
  const head = `${error.name}: ${plain(error.message)}`;
  return [head, ...ownFrames(error, roots).map((line) => relativeFrame(line, roots))].join("\n");
}

function relativeFrame(line: string, roots: SourceRoots): string {
  const site = parseFrame(line);
  if (!site) return line;
  const place = `${roots.relative(site.file)}:${site.line}:${site.column}`;
  return line.endsWith(")") ? `${line.slice(0, line.lastIndexOf("("))}(${place})` : line.replace(/at (async )?.*$/, `at $1${place}`);
}

function ownLocation(error: Error, roots: SourceRoots): SourceLocation | undefined {
  if (isSpectestError(error) && error.at?.line !== undefined) return locationOf(error);
  if (error instanceof RemoteError && error.wire.at) return error.wire.at;
  return toLocation(parseFrame(ownFrames(error, roots)[0] ?? ""), roots);
}

function locationOf(error: SpectestError): SourceLocation | undefined {
  return error.at?.line === undefined ? undefined : { file: error.at.file, line: error.at.line };
}

function diffOf(error: Error): { diff?: string } {
  return "diff" in error && typeof error.diff === "string" ? { diff: plain(error.diff) } : {};
}

export function plain(text: string): string {
  return stripVTControlCharacters(text);
}
