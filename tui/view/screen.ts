/** The whole screen as rows: never wider, never higher than it is. */
import { formatMs, type RunModel, type TestModel, totalsOf } from "../../src/events/index.ts";
import { layoutOf, selectedTest, showsTests, type Size, type UiState } from "../state.ts";
import { footerRow, headerRow } from "./bars.ts";
import { bringUpRows } from "./bring-up.ts";
import type { CastGrid } from "./cast.ts";
import { detailRows } from "./detail.ts";
import { helpRows } from "./help.ts";
import { dim } from "./looks.ts";
import { blank, fit, type Row, row, span } from "./row.ts";
import { treeRows } from "./tree.ts";

export interface ScreenInput {
  model: RunModel;
  ui: UiState;
  size: Size;
  /** The run's clock now. */
  nowMs: number;
  readSource: (file: string) => string | undefined;
  grid: CastGrid | undefined;
}

export interface Frame {
  /** Exactly as many as the screen has, each exactly as wide. */
  rows: Row[];
  /** Scroll positions as far as the content went. */
  scroll: number;
  detailScroll: number;
}

export function screenFrame(input: ScreenInput): Frame {
  const { model, ui, size, nowMs } = input;
  const { kind, bodyRows } = layoutOf(size);
  const scrolls = { scroll: ui.scroll, detailScroll: ui.detailScroll };
  if (kind === "line") return { ...scrolls, rows: exactly([lineRow(model)], size) };
  const body = bodyOf(input);
  const rows = [
    headerRow(model, nowMs, size.columns),
    ...exactly(body.rows, { columns: size.columns, rows: bodyRows }),
    footerRow(model, ui, size.columns),
  ];
  return { ...scrolls, ...body, rows: exactly(rows, size) };
}

function bodyOf(input: ScreenInput): { rows: Row[]; scroll?: number; detailScroll?: number } {
  const { model, ui, size, nowMs } = input;
  const layout = layoutOf(size);
  const full = { columns: size.columns, rows: layout.bodyRows };
  if (ui.focus === "help") return helpRows(full, ui.scroll);
  if (!showsTests(model)) return bringUpRows(model, nowMs, full, ui.scroll);
  const test = selectedTest(model, ui);
  if (layout.kind === "wide") return sideBySide(input, test);
  if (ui.focus === "detail") return detail(input, test, full);
  return { rows: treeRows(model, ui, nowMs, full) };
}

function detail(input: ScreenInput, test: TestModel | undefined, size: Size): { rows: Row[]; detailScroll: number } {
  const { rows, scroll } = detailRows({ ...input, test, size });
  return { rows, detailScroll: scroll };
}

function sideBySide(input: ScreenInput, test: TestModel | undefined): { rows: Row[]; detailScroll: number } {
  const { listColumns, detailColumns, bodyRows } = layoutOf(input.size);
  const left = exactly(treeRows(input.model, input.ui, input.nowMs, { columns: listColumns, rows: bodyRows }), {
    columns: listColumns,
    rows: bodyRows,
  });
  const right = detail(input, test, { columns: detailColumns, rows: bodyRows });
  const rightRows = exactly(right.rows, { columns: detailColumns, rows: bodyRows });
  const bar = span("│", input.ui.focus === "detail" ? { color: "cyan" } : dim);
  return { rows: left.map((line, index) => [...line, bar, ...(rightRows[index] ?? blank)]), detailScroll: right.detailScroll };
}

function exactly(rows: readonly Row[], size: Size): Row[] {
  return Array.from({ length: size.rows }, (_, index) => fit(rows[index] ?? blank, size.columns));
}

function lineRow(model: RunModel): Row {
  if (!showsTests(model)) return row(model.phases.at(-1)?.phase ?? "starting");
  const { failed, passed } = totalsOf(model);
  const words = [model.finished?.outcome ?? "running", `${passed} ok`];
  if (failed > 0) words.push(`${failed} failed`);
  if (model.finished) words.push(formatMs(model.finished.durationMs));
  return row(words.join(" "));
}
