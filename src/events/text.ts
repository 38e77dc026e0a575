/** Words and signs that every face uses for the same things. */
import type { TestState } from "./model.ts";

/** @example formatMs(1234) // "1.2 s" */
export function formatMs(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** @example plural(2, "test") // "2 tests" */
export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

export const symbols: Record<TestState, string> = {
  queued: "·",
  running: "▸",
  passed: "✓",
  failed: "✗",
  flaky: "≈",
  skipped: "-",
  blocked: "⊘",
  cached: "=",
};

/** Indents every line that is not empty. */
export function indent(text: string, spaces: number): string {
  return text.replaceAll(/^(?=.)/gm, " ".repeat(spaces));
}

/** The last lines of a text, with a note of what was left out. */
export function lastLines(text: string, count: number): string {
  const lines = text.trimEnd().split("\n");
  const left = lines.length - count;
  return left > 0 ? [`… ${plural(left, "line")} before`, ...lines.slice(-count)].join("\n") : lines.join("\n");
}
