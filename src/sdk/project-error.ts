import { type CallSite, formatSite } from "./call-site.ts";

export type ProjectErrorCode = "PROJECT_INVALID" | "GRAPH_UNKNOWN" | "GRAPH_CYCLE";

/** A definition that cannot be right. The message says what was found, what is wanted, and names the place. */
export class ProjectError extends Error {
  override readonly name = "ProjectError";
  readonly code: ProjectErrorCode;
  readonly at: CallSite | undefined;
  readonly hint: string | undefined;

  constructor(code: ProjectErrorCode, what: string, options: { at?: CallSite | undefined; hint?: string } = {}) {
    super(options.at ? `${what} (${formatSite(options.at)})` : what);
    this.code = code;
    this.at = options.at;
    this.hint = options.hint;
  }
}

/** A value as it appears in an error message: short, on one line. */
export function shown(value: unknown): string {
  if (value === null || value === undefined || typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return `an object with ${Object.keys(value).slice(0, 5).join(", ") || "no fields"}`;
}
