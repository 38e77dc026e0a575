/** One failed test in full: where, what, difference, source, last logs. */
import { ancestorsOf, type RunModel, sanitizeText, type TestModel } from "../events/index.ts";
import type { ServiceLog, WireError } from "../protocol/index.ts";
import { formatMs, indent, lastLines } from "../events/text.ts";
import { sourceFrame } from "../events/source-frame.ts";
import type { ReporterOptions } from "./types.ts";

type Look = Pick<ReporterOptions, "paint" | "readSource" | "verbose">;

const LOG_LINES = 15;

export function fullName(model: RunModel, test: TestModel): string {
  const names = ancestorsOf(model, test.id).map((id) => model.tests.get(id)?.name ?? id);
  return [...names, test.name].join(" › ");
}

export function failureText(model: RunModel, test: TestModel, number: number, look: Look): string {
  const { paint } = look;
  const head = `${paint.red(`${number}) ${fullName(model, test)}`)}  ${paint.dim(`${test.file}:${test.line}`)}`;
  const parts = [head];
  if (test.attempts > 1) parts.push(paint.dim(`failed ${test.attempts} times, last after ${formatMs(test.durationMs ?? 0)}`));
  if (test.error) parts.push(errorText(test.error, look));
  const console = consoleText(test, look);
  if (console !== undefined) parts.push(console);
  for (const log of test.serviceLogs) {
    const text = logText(log, look);
    if (text !== undefined) parts.push(text);
  }
  return parts.map((part, index) => (index === 0 ? part : indent(part, 3))).join("\n\n");
}

export function errorText(error: WireError, look: Look): string {
  const { paint } = look;
  const parts = [paint.red(error.message === "" ? error.name : error.message)];
  if (error.diff !== undefined && !error.message.includes(error.diff)) parts.push(paintDiff(error.diff, look));
  const frame = frameOf(error, look);
  if (frame !== undefined) parts.push(frame);
  if (error.hint !== undefined) parts.push(`${paint.cyan("hint:")} ${error.hint}`);
  const stack = error.stack === undefined ? undefined : framesOf(error.stack, look.verbose);
  if (stack) parts.push(paint.dim(stack));
  return parts.join("\n\n");
}

function paintDiff(diff: string, { paint }: Look): string {
  return diff
    .split("\n")
    .map((line) => (line.startsWith("-") ? paint.green(line) : line.startsWith("+") ? paint.red(line) : line))
    .join("\n");
}

function frameOf({ at }: WireError, { paint, readSource }: Look): string | undefined {
  if (!at) return undefined;
  const place = paint.dim(`at ${[at.file, at.line, at.column].filter((part) => part !== undefined).join(":")}`);
  const source = readSource(at.file);
  const frame = source === undefined ? undefined : sourceFrame(sanitizeText(source), at);
  return frame === undefined ? place : `${place}\n${frame}`;
}

/** Frames that are not the author's: Node's, the guest programs' and the command line's own. */
const FOREIGN_FRAME = /node:internal|\/var\/lib\/spectest\/daemon\/|\/dist\/(chunks\/|cli\.js)/;

/** The stack without its message, and without foreign frames unless asked for. */
function framesOf(stack: string, verbose: boolean): string {
  const frames = stack.split("\n").filter((line) => /^\s*at /.test(line));
  const shown = verbose ? frames : frames.filter((line) => !FOREIGN_FRAME.test(line)).slice(0, 6);
  return shown.map((line) => line.trim()).join("\n");
}

/** What the test itself printed, the newest lines. */
function consoleText({ events }: TestModel, { paint }: Look): string | undefined {
  const printed = events.flatMap((event) => (event.kind === "log" ? [event.text] : [])).join("\n");
  return printed.trim() === "" ? undefined : `${paint.dim("console:")}\n${indent(lastLines(printed, LOG_LINES), 2)}`;
}

function logText(log: ServiceLog, { paint }: Look): string | undefined {
  if (log.error !== undefined) return paint.dim(`log of ${log.service}: could not be read: ${log.error}`);
  const streams = [log.stdout, log.stderr].filter((text) => text.trim() !== "");
  if (streams.length === 0) return undefined;
  const body = streams.map((text) => lastLines(text, LOG_LINES)).join("\n");
  return `${paint.dim(`log of ${log.service}:`)}\n${indent(body, 2)}`;
}
