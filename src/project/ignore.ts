/** Which files of a workspace stay out of the Dockerfile build context. */

/** Caches, installed packages and secrets are left out wherever they lie; words that a source directory may carry too, at the top only. */
export const DEFAULT_EXCLUDES = [
  "**/.git",
  "**/.spectest",
  "**/node_modules",
  "**/__pycache__",
  "**/.venv",
  "**/.env",
  "**/.env.local",
  "**/.env.*",
  "**/.next",
  "**/.turbo",
  "**/.DS_Store",
  "spectest",
  "target",
  "dist",
  "build",
] as const;

export interface IgnoreList {
  /** Whether a path relative to the workspace, with forward slashes, stays out. */
  excludes(path: string): boolean;
  /** Whether an excluded directory may still hold files that a later `!pattern` takes back in. */
  readonly hasExceptions: boolean;
}

/**
 * The syntax of a .dockerignore file: patterns are relative to the workspace, `*` stops at `/`, `**` crosses it, a
 * directory takes its contents along, `!pattern` takes back in, and the last match decides.
 *
 * @example ignoreList([...DEFAULT_EXCLUDES, "docs", "!api/node_modules"]).excludes("api/node_modules/x/index.js") // false
 */
export function ignoreList(patterns: readonly string[]): IgnoreList {
  const rules = patterns
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== "" && !pattern.startsWith("#"))
    .map((pattern) => {
      const isException = pattern.startsWith("!");
      return { isException, regExp: toRegExp(isException ? pattern.slice(1) : pattern) };
    });
  return {
    hasExceptions: rules.some((rule) => rule.isException),
    excludes(path) {
      const last = rules.findLast((rule) => rule.regExp.test(path));
      return last !== undefined && !last.isException;
    },
  };
}

function toRegExp(pattern: string): RegExp {
  const clean = pattern.replace(/^\.?\/+/, "").replace(/\/+$/, "");
  const source = clean.replace(/\*\*\/|\*\*|\*|\?|\[[^\]]+\]|[\\^$.|+()[\]{}]/g, (token) => {
    if (token === "**/") return "(?:.*/)?";
    if (token === "**") return ".*";
    if (token === "*") return "[^/]*";
    if (token === "?") return "[^/]";
    if (token.length > 1) return token;
    return `\\${token}`;
  });
  return new RegExp(`^${source}(?:/.*)?$`);
}
