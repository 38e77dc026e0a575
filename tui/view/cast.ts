/** One terminal session of a test: its screen at an instant, and a line of controls. */
import { formatMs, type TestModel } from "../../src/events/index.ts";
import type { CastState } from "../state.ts";
import { dim, firstLine } from "./looks.ts";
import { fit, type Row, row, span, spread } from "./row.ts";

/** What an emulator shows: exactly `cols` wide lines. */
export interface CastGrid {
  cols: number;
  rows: readonly Row[];
}

/** The last lines win when the pane is lower than the session's screen: that is where things happen. */
export function castRows(test: TestModel, cast: CastState, grid: CastGrid | undefined, size: { columns: number; rows: number }): Row[] {
  const session = test.terminals[cast.session];
  if (!session) return [row(span(" this test opened no terminal", dim))];
  const length = session.frames.at(-1)?.[0] ?? 0;
  const at = cast.positionSeconds ?? length;
  const room = Math.max(1, size.rows - 6);
  const lines = grid === undefined ? [row(span(" …", dim))] : lastUsed(grid.rows, room);
  const border = span("│", dim);
  const framed = lines.map((line) => fit([border, ...line], Math.min(size.columns, session.cols + 1)));
  return [titleRow(test, cast, size.columns), ...framed, controlsRow(cast, at, length, test.state === "running", size.columns)];
}

function lastUsed(rows: readonly Row[], room: number): Row[] {
  const last = rows.findLastIndex((line) => line.some(({ text }) => text.trim() !== ""));
  const used = rows.slice(0, Math.max(1, last + 1));
  return used.slice(-room);
}

function titleRow(test: TestModel, cast: CastState, columns: number): Row {
  const session = test.terminals[cast.session];
  const many = test.terminals.length > 1 ? `${cast.session + 1}/${test.terminals.length}, t next` : "";
  return spread(
    row(span(` ${firstLine(session?.title ?? "")}`, { bold: true }), span(`  ${session?.cols ?? 0}×${session?.rows ?? 0}`, dim)),
    row(span(`${many} `, dim)),
    columns,
  );
}

function controlsRow(cast: CastState, at: number, length: number, isLive: boolean, columns: number): Row {
  const state = cast.playing ? "▶" : cast.positionSeconds === undefined && isLive ? "live" : "⏸";
  const barColumns = Math.max(4, columns - 34);
  const filled = length === 0 ? barColumns : Math.round((Math.min(at, length) / length) * barColumns);
  return row(
    span(` ${state.padEnd(5)}`, { color: "cyan" }),
    span("━".repeat(filled), { color: "cyan" }),
    span("─".repeat(barColumns - filled), dim),
    span(` ${formatMs(at * 1000)} / ${formatMs(length * 1000)} ×${cast.speed}`, dim),
  );
}
