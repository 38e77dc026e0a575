/** One line of the screen as data: what the pure views produce and what tests read. */
import stringWidth from "string-width";

export interface Style {
  /** A name, a palette index, or "#rrggbb". */
  color?: string | number;
  background?: string | number;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
  inverse?: boolean;
}

export interface Span {
  text: string;
  style?: Style;
}

export type Row = readonly Span[];

export function span(text: string, style?: Style): Span {
  return style === undefined ? { text } : { text, style };
}

export function row(...parts: readonly (Span | string)[]): Row {
  return parts.map((part) => (typeof part === "string" ? { text: part } : part));
}

export function textOf(line: Row): string {
  return line.map(({ text }) => text).join("");
}

/** Columns a terminal gives to a text. */
export function widthOf(text: string): number {
  return /^[\u0020-\u007e]*$/.test(text) ? text.length : stringWidth(text);
}

export function rowWidth(line: Row): number {
  return line.reduce((sum, { text }) => sum + widthOf(text), 0);
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The beginning of a text that fits into `columns`; a character of two columns is never cut in half. */
export function clip(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let clipped = "";
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    used += widthOf(segment);
    if (used > columns) break;
    clipped += segment;
  }
  return clipped;
}

/** As {@link clip}, with an ellipsis where something was left out. */
export function shorten(text: string, columns: number): string {
  return widthOf(text) <= columns ? text : `${clip(text, Math.max(0, columns - 1))}${columns > 0 ? "…" : ""}`;
}

/** Exactly `columns` wide: cut with an ellipsis, or filled with spaces. */
export function fit(line: Row, columns: number): Row {
  const width = rowWidth(line);
  if (width === columns) return line;
  if (width < columns) return [...line, { text: " ".repeat(columns - width) }];
  const kept: Span[] = [];
  let left = columns;
  for (const part of line) {
    const width = widthOf(part.text);
    if (width < left || (width === left && part === line.at(-1))) {
      kept.push(part);
      left -= width;
      continue;
    }
    const text = shorten(`${part.text} `, left);
    kept.push({ ...part, text });
    left -= widthOf(text);
    break;
  }
  return left > 0 ? [...kept, { text: " ".repeat(left) }] : kept;
}

/** `left` and `right` at the two ends of a line; what is on the right stays, what is on the left gives way. */
export function spread(left: Row, right: Row, columns: number): Row {
  const end = rowWidth(right) > columns ? fit(right, columns) : right;
  return [...fit(left, columns - rowWidth(end)), ...end];
}

/** Breaks a text into lines of at most `columns`, at spaces where there are some. */
export function wrapText(text: string, columns: number): string[] {
  return text.split("\n").flatMap((line) => wrapLine(line, Math.max(1, columns)));
}

function wrapLine(line: string, columns: number): string[] {
  const lines: string[] = [];
  let rest = line;
  while (widthOf(rest) > columns) {
    const head = clip(rest, columns) || rest.slice(0, 1);
    const space = head.lastIndexOf(" ");
    const cut = space > columns / 2 ? space : head.length;
    lines.push(rest.slice(0, cut));
    rest = rest.slice(cut).replace(/^ /, "");
  }
  return [...lines, rest];
}

export const blank: Row = [{ text: "" }];

export function restyle(line: Row, style: Style): Row {
  return line.map((part) => ({ ...part, style: { ...part.style, ...style } }));
}
