/** The ignore file of Dockerfile builds: what of the workspace is not part of any image. Pure. */

/** Wherever they lie: caches, installed packages and secrets of the author's machine. */
const ANYWHERE = [
  ".git",
  ".spectest",
  "node_modules",
  "__pycache__",
  ".venv",
  ".env",
  ".env.local",
  ".env.*",
  ".next",
  ".turbo",
  ".DS_Store",
];
/** Plain words that a source directory may carry too: at the top only. */
const AT_TOP = ["spectest", "target", "dist", "build"];

/** Lines of a `.dockerignore`; `excludes` are those of all services, so that equal Dockerfiles have equal contexts. */
export function renderIgnoreFile(excludes: readonly (readonly string[] | undefined)[]): string {
  const own = new Set(excludes.flatMap((list) => list ?? []));
  return [...ANYWHERE.map((name) => `**/${name}`), ...AT_TOP, ...own].map((line) => `${line}\n`).join("");
}
