import { Chalk, type ChalkInstance, type ForegroundColorName } from "chalk";
import type { Row, Span, Style } from "./row.ts";

export type Painter = (line: Row) => string;

/** Turns lines into text with colours of the given depth. */
export function createPainter(level: 0 | 1 | 2 | 3): Painter {
  const chalk = new Chalk({ level });
  return (line) => line.map((part) => paintSpan(chalk, part)).join("");
}

function paintSpan(chalk: ChalkInstance, { text, style }: Span): string {
  return style === undefined || text === "" ? text : styled(chalk, style)(text);
}

function styled(chalk: ChalkInstance, style: Style): ChalkInstance {
  let paint = chalk;
  if (style.color !== undefined) paint = foreground(paint, style.color);
  if (style.background !== undefined) paint = background(paint, style.background);
  for (const name of ["bold", "dim", "italic", "underline", "inverse"] as const) if (style[name]) paint = paint[name];
  return paint;
}

function foreground(paint: ChalkInstance, color: string | number): ChalkInstance {
  if (typeof color === "number") return paint.ansi256(color);
  return color.startsWith("#") ? paint.hex(color) : isColorName(color) ? paint[color] : paint;
}

function background(paint: ChalkInstance, color: string | number): ChalkInstance {
  if (typeof color === "number") return paint.bgAnsi256(color);
  return color.startsWith("#") ? paint.bgHex(color) : paint;
}

const names = new Set<string>(["red", "green", "yellow", "blue", "magenta", "cyan", "white", "gray"]);

function isColorName(name: string): name is ForegroundColorName {
  return names.has(name);
}
