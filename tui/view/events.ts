/** What a test did, in order: one line per event, and the same on a time axis. */
import { formatMs, type TestModel } from "../../src/events/index.ts";
import type { RecordedEvent } from "../../src/protocol/index.ts";
import { dim, firstLine } from "./looks.ts";
import { type Row, row, type Span, span, spread, wrapText } from "./row.ts";

export function eventRows(test: TestModel, columns: number): Row[] {
  return test.events.flatMap((event) => [eventRow(test, event, columns), ...moreRows(event, columns)]);
}

function eventRow(test: TestModel, event: RecordedEvent, columns: number): Row {
  const indent = " ".repeat(1 + 2 * depthOf(test, event));
  const { sign, text } = describeEvent(event);
  const tookMs = event.durationMs;
  return spread(row(indent, sign, " ", ...text), row(span(tookMs === undefined ? "" : ` ${formatMs(tookMs)} `, dim)), columns);
}

function depthOf(test: TestModel, event: RecordedEvent): number {
  let depth = 0;
  for (let parent = event.parentSeq; parent !== undefined && depth < 8; depth++) {
    const wanted: number = parent;
    parent = test.events.find((each) => each.seq === wanted)?.parentSeq;
  }
  return depth;
}

/** Errors and failed assertions take more than a line. */
function moreRows(event: RecordedEvent, columns: number): Row[] {
  const lines: Span[] = [];
  if (event.kind === "assertion" && !event.pass) {
    if (event.expected !== undefined) lines.push(span(`expected ${event.expected}`, { color: "green" }));
    if (event.actual !== undefined) lines.push(span(`received ${event.actual}`, { color: "red" }));
  }
  if (event.error) lines.push(span(event.error.message, { color: "red" }));
  if (event.kind === "exec" && event.exitCode !== undefined && event.exitCode !== 0 && event.stderr)
    lines.push(span(event.stderr.trimEnd(), dim));
  return lines.flatMap(({ text, style }) =>
    wrapText(text, columns - 7)
      .slice(0, 6)
      .map((line) => row("     ", span(line, style))),
  );
}

export function describeEvent(event: RecordedEvent): { sign: Span; text: Span[] } {
  const failed = event.error !== undefined;
  const sign = (text: string): Span => span(text, failed ? { color: "red" } : { color: "cyan" });
  switch (event.kind) {
    case "assertion": {
      const from = event.provenance ? `  ← #${event.provenance.seq}${event.provenance.path === "" ? "" : ` ${event.provenance.path}`}` : "";
      const value = event.pass && event.expected !== undefined ? ` ${firstLine(event.expected)}` : "";
      return {
        sign: span(event.pass ? "✓" : "✗", { color: event.pass ? "green" : "red" }),
        text: [span(`expect ${event.matcher}${value}`), span(from, dim)],
      };
    }
    case "http":
      return {
        sign: sign("↔"),
        text: [
          span(`${event.method} `, { bold: true }),
          span(event.url),
          span(event.status === undefined ? "" : ` → ${event.status}`, statusStyle(event.status)),
        ],
      };
    case "exec":
      return { sign: sign("$"), text: [span(`${event.service} `, dim), span(firstLine(event.command)), exitSpan(event.exitCode)] };
    case "terminal":
      return { sign: sign("▣"), text: [span(`${event.service} `, dim), span(firstLine(event.command)), exitSpan(event.exitCode)] };
    case "terminal-step":
      return { sign: sign("▢"), text: [span(event.action)] };
    case "browser-step":
      return { sign: sign("◱"), text: [span(event.action), span(event.detail === undefined ? "" : ` ${firstLine(event.detail)}`, dim)] };
    case "fake":
      return {
        sign: sign("ƒ"),
        text: [
          span(`${event.fake}.${event.member}(${firstLine(event.args)})`),
          span(event.result === undefined ? "" : ` = ${firstLine(event.result)}`, dim),
        ],
      };
    case "wait":
      return { sign: sign("◷"), text: [span(`until ${event.description}`), span(`  ${event.attempts} tries`, dim)] };
    case "step":
      return { sign: sign("»"), text: [span(event.title, { bold: true })] };
    case "log":
      return { sign: sign("·"), text: [span(firstLine(event.text), event.level === "error" ? { color: "red" } : dim)] };
    case "env":
      return { sign: sign("⚙"), text: [span(firstLine(event.detail))] };
  }
}

function statusStyle(status: number | undefined) {
  return { color: status !== undefined && status >= 400 ? "red" : "green" };
}

function exitSpan(exitCode: number | undefined): Span {
  if (exitCode === undefined || exitCode === 0) return span("");
  return span(` → ${exitCode}`, { color: "red" });
}

/** Each event as a bar from its start to its end. */
export function timelineRows(test: TestModel, nowMs: number, columns: number): Row[] {
  const runningMs = test.startedAtMs === undefined ? 0 : nowMs - test.startedAtMs;
  const ends = test.events.map((event) => event.startMs + (event.durationMs ?? 0));
  const totalMs = Math.max(1, test.state === "running" ? runningMs : (test.durationMs ?? 0), ...ends);
  const barColumns = Math.max(8, Math.floor(columns * 0.4));
  const scale = (ms: number): number => Math.min(barColumns - 1, Math.floor((ms / totalMs) * barColumns));
  const bars = test.events.map((event): Row => {
    const start = scale(event.startMs);
    const end = Math.max(start + 1, Math.min(barColumns, scale(event.startMs + (event.durationMs ?? 0)) + 1));
    const bar = `${" ".repeat(start)}${"█".repeat(end - start)}`.padEnd(barColumns);
    const { sign, text } = describeEvent(event);
    return row(" ", span(bar, sign.style), " ", sign, " ", ...text);
  });
  return bars.length === 0 ? [] : [row(span(` 0${formatMs(totalMs).padStart(barColumns - 1)}`, dim)), ...bars];
}
