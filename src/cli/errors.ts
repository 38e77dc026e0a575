/** How an error ends a command: its exit code, its lines, its JSON. */
import { Chalk } from "chalk";
import { catalogue, type ErrorCode, isSpectestError, messageOf } from "../errors/index.ts";
import { sanitizeLine, sanitizeText } from "../events/sanitize.ts";
import type { WireError } from "../protocol/index.ts";
import type { ColorLevel } from "./color.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";

/** What is shown of an error, wherever it came from. */
export interface ShownError {
  code: ErrorCode | undefined;
  what: string;
  at?: { file: string; line?: number; column?: number };
  hint?: string;
  log?: string;
  stack?: string;
}

export function shownError(error: unknown): ShownError {
  if (!isSpectestError(error)) {
    const stack = error instanceof Error ? error.stack : undefined;
    return {
      code: undefined,
      what: messageOf(error),
      hint: "this is a defect of spectest: run again with --verbose for the stack",
      ...(stack ? { stack } : {}),
    };
  }
  const { code, message, at, hint, log, stack } = error;
  const cause = error.cause === undefined || message.includes(messageOf(error.cause)) ? "" : `: ${messageOf(error.cause)}`;
  return {
    code,
    what: `${message}${cause}`,
    ...(at ? { at } : {}),
    ...(hint === undefined ? {} : { hint }),
    ...(log === undefined ? {} : { log }),
    ...(stack === undefined ? {} : { stack: causes(error, stack) }),
  };
}

function causes(error: Error, stack: string): string {
  let text = stack;
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) text += `\ncaused by ${cause.stack ?? cause.message}`;
  return text;
}

export function shownWireError(error: WireError): ShownError {
  const { message, at, hint, stack, code } = error;
  return {
    code: isErrorCode(code) ? code : undefined,
    what: message,
    ...(at ? { at: { file: at.file, line: at.line, ...(at.column === undefined ? {} : { column: at.column }) } } : {}),
    ...(hint === undefined ? {} : { hint }),
    ...(stack === undefined ? {} : { stack }),
  };
}

export function isErrorCode(code: string | undefined): code is ErrorCode {
  return code !== undefined && Object.hasOwn(catalogue, code);
}

/** Errors without a code are defects of ours. */
export function exitCodeOfError(code: ErrorCode | undefined): number {
  return code === undefined ? exitCodes.hostOrInternal : exitCodeOf(catalogue[code].family);
}

export interface FormatOptions {
  verbose: boolean;
  color: ColorLevel;
}

/** `error: <what>`, then where, hint and log, each on a line of its own; the stack only when verbose. */
export function formatError(error: ShownError, { verbose, color }: FormatOptions): string {
  const paint = new Chalk({ level: color });
  const lines = [`${paint.red.bold("error:")} ${sanitizeText(error.what)}`];
  if (error.at)
    lines.push(`  at ${sanitizeLine([error.at.file, error.at.line, error.at.column].filter((part) => part !== undefined).join(":"))}`);
  if (error.hint !== undefined) lines.push(`  ${paint.cyan("hint:")} ${sanitizeText(error.hint).replaceAll("\n", "\n        ")}`);
  if (error.log !== undefined) lines.push(`  log: ${sanitizeLine(error.log)}`);
  if (verbose && error.stack !== undefined) lines.push(paint.dim(sanitizeText(error.stack).replaceAll(/^/gm, "  ")));
  return lines.join("\n");
}

export function errorJson({ code, what, at, hint, log }: ShownError): unknown {
  return { schemaVersion: 1, error: { code: code ?? "INTERNAL", message: what, at, hint, log } };
}
