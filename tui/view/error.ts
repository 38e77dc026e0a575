import { sanitizeText, sourceFrame } from "../../src/events/index.ts";
import type { WireError } from "../../src/protocol/index.ts";
import { dim } from "./looks.ts";
import { blank, type Row, row, span, wrapText } from "./row.ts";

/** Message, difference, source, stack, hint. */
export function errorRows(error: WireError, columns: number, readSource: (file: string) => string | undefined): Row[] {
  const width = columns - 2;
  const rows: Row[] = wrapText(error.message === "" ? error.name : error.message, width).map((text) =>
    row(span(` ${text}`, { color: "red" })),
  );
  if (error.diff !== undefined && !error.message.includes(error.diff)) rows.push(blank, ...diffRows(error.diff, width));
  if (error.at) {
    const { file, line, column } = error.at;
    rows.push(blank, row(span(` at ${[file, line, column].filter((part) => part !== undefined).join(":")}`, dim)));
    const source = readSource(file);
    const frame = source === undefined ? undefined : sourceFrame(sanitizeText(source), { line, column }, 3);
    for (const text of frame?.split("\n") ?? []) rows.push(row(span(` ${text}`, text.startsWith(">") ? { bold: true } : dim)));
  }
  if (error.hint !== undefined)
    rows.push(blank, ...wrapText(`hint: ${error.hint}`, width).map((text) => row(span(` ${text}`, { color: "cyan" }))));
  const stack = error.stack?.split("\n").filter((text) => /^\s*at /.test(text)) ?? [];
  if (stack.length > 0) rows.push(blank, ...stack.slice(0, 12).map((text) => row(span(` ${text.trim()}`, dim))));
  return rows;
}

function diffRows(diff: string, width: number): Row[] {
  return diff.split("\n").flatMap((line) => {
    const style = line.startsWith("-") ? { color: "green" } : line.startsWith("+") ? { color: "red" } : dim;
    return wrapText(line, width).map((text) => row(span(` ${text}`, style)));
  });
}
