/** Positions in the code as it runs (before source maps), and one question about them. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface Position {
  readonly script: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** Where the call of `callee` that is running now stands. */
export function positionAfter(callee: (...args: never[]) => unknown): Position | undefined {
  const prepare = Error.prepareStackTrace;
  const limit = Error.stackTraceLimit;
  const holder: { stack?: unknown } = {};
  try {
    Error.stackTraceLimit = 1;
    Error.prepareStackTrace = (_error, sites) => sites[0];
    Error.captureStackTrace(holder, callee);
    return positionOf(holder.stack);
  } finally {
    Error.prepareStackTrace = prepare;
    Error.stackTraceLimit = limit;
  }
}

function positionOf(value: unknown): Position | undefined {
  if (typeof value !== "object" || value === null || !("getFileName" in value)) return undefined;
  // What V8 hands to prepareStackTrace.
  const site = value as NodeJS.CallSite;
  const script = site.getFileName();
  const line = site.getLineNumber();
  const column = site.getColumnNumber();
  return typeof script === "string" && line !== null && column !== null ? { script, line, column } : undefined;
}

/**
 * Whether `read` is the last thing in the argument of the call at `call`: `expect(a.b.READ)` or `expect(await READ(x))`.
 * Reads the running script's text; where that is not plain enough to judge, the answer is no.
 */
export function argumentEndsWithRead(call: Position | undefined, read: Position | undefined): boolean {
  if (!call || !read || call.script !== read.script) return false;
  const text = textOf(call.script);
  if (text === undefined) return false;
  const callAt = offsetOf(text, call);
  const readAt = offsetOf(text, read);
  if (callAt === undefined || readAt === undefined || readAt <= callAt) return false;
  const open = /^[\w$]+\s*\(/.exec(text.slice(callAt, callAt + 200));
  if (!open) return false;
  const start = callAt + open[0].length;
  const end = closingParenthesis(text, start);
  return end !== undefined && readAt >= start && readAt < end && isWholeRead(text.slice(readAt, end));
}

/** A name, perhaps called, and nothing after it. */
function isWholeRead(rest: string): boolean {
  const name = /^[\w$]+\s*/.exec(rest);
  if (!name) return false;
  const after = rest.slice(name[0].length).trimEnd();
  if (after === "") return true;
  return after.startsWith("(") && closingParenthesis(after, 1) === after.length - 1;
}

/** Offset of the parenthesis that closes the one before `from`. Gives up on comments, regular expressions and templates. */
function closingParenthesis(text: string, from: number): number | undefined {
  let depth = 0;
  for (let at = from; at < text.length && at < from + 2_000; at++) {
    const char = text[at];
    if (char === "`" || char === "/") return undefined;
    if (char === '"' || char === "'") {
      const end = endOfString(text, at);
      if (end === undefined) return undefined;
      at = end;
    } else if (char === "(" || char === "[" || char === "{") depth++;
    else if (char === ")" || char === "]" || char === "}") {
      if (depth === 0) return char === ")" ? at : undefined;
      depth--;
    }
  }
  return undefined;
}

function endOfString(text: string, from: number): number | undefined {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === text[from]) return at;
    else if (text[at] === "\n") return undefined;
  }
  return undefined;
}

function offsetOf(text: string, position: Position): number | undefined {
  let start = 0;
  for (let line = 1; line < position.line; line++) {
    start = text.indexOf("\n", start) + 1;
    if (start === 0) return undefined;
  }
  return start + position.column - 1;
}

function textOf(script: string): string | undefined {
  try {
    return readFileSync(script.startsWith("file:") ? fileURLToPath(script) : script, "utf8");
  } catch {
    return undefined;
  }
}
