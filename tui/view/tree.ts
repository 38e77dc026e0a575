/** The list of tests, as a tree, windowed around the selected one. */
import type { RunModel, TestModel } from "../../src/events/index.ts";
import { selectedTest, type UiState, visibleTests } from "../state.ts";
import { dim, noteOfTest, signOfTest } from "./looks.ts";
import { fit, restyle, type Row, row, shorten, span, spread } from "./row.ts";

export function treeRows(model: RunModel, ui: UiState, nowMs: number, size: { columns: number; rows: number }): Row[] {
  const ids = visibleTests(model, ui);
  if (ids.length === 0) return [fit(row(span(ui.failuresOnly ? " no failures" : " no test matches the filter", dim)), size.columns)];
  const selected = selectedTest(model, ui)?.id;
  const { start, end } = windowAround(Math.max(0, ids.indexOf(selected ?? "")), ids.length, size.rows);
  const lines: Row[] = [];
  for (const id of ids.slice(start, end)) {
    const test = model.tests.get(id);
    if (test)
      lines.push(testRow(model, test, { nowMs, columns: size.columns, isSelected: id === selected, isFocused: ui.focus === "list" }));
  }
  return lines;
}

/** Keeps `index` in sight with some context on both sides. Depends on nothing but its arguments, so a redraw never jumps. */
export function windowAround(index: number, length: number, rows: number): { start: number; end: number } {
  const start = Math.max(0, Math.min(index - Math.floor(rows / 2), length - rows));
  return { start, end: Math.min(length, start + rows) };
}

interface Look {
  nowMs: number;
  columns: number;
  isSelected: boolean;
  isFocused: boolean;
}

function testRow(model: RunModel, test: TestModel, { nowMs, columns, isSelected, isFocused }: Look): Row {
  const indent = Math.min(test.depth, Math.floor(columns / 6)) * 2;
  const note = shorten(
    noteOfTest(test, nowMs, (id) => model.tests.get(id)?.name ?? id),
    Math.max(8, Math.floor(columns / 2) - indent),
  );
  const left = row(
    isSelected ? span("▌", { color: "cyan" }) : " ",
    " ".repeat(indent),
    signOfTest(test.state),
    " ",
    span(test.name, nameStyle(test, isSelected)),
  );
  const line = spread(left, row(span(note === "" ? "" : ` ${note} `, dim)), columns);
  return isSelected && isFocused ? restyle(line, { inverse: true }) : line;
}

function nameStyle({ state, selected }: TestModel, isSelected: boolean) {
  if (state === "failed") return { color: "red" };
  if (state === "running") return { bold: true };
  return (state === "queued" || !selected) && !isSelected ? dim : {};
}
