/** What is known of one test, in tabs. */
import { ancestorsOf, formatMs, type RunModel, type TestModel } from "../../src/events/index.ts";
import { tabOf, type Tab, type UiState } from "../state.ts";
import { castRows, type CastGrid } from "./cast.ts";
import { errorRows } from "./error.ts";
import { eventRows, timelineRows } from "./events.ts";
import { bold, dim, noteOfTest, signOfTest, styleOfTest } from "./looks.ts";
import { blank, fit, type Row, row, type Span, span, wrapText } from "./row.ts";

export const tabNames: Readonly<Record<Tab, string>> = { 1: "terminal", 2: "events", 3: "error", 4: "logs", 5: "timeline" };

export interface DetailInput {
  model: RunModel;
  ui: UiState;
  test: TestModel | undefined;
  nowMs: number;
  size: { columns: number; rows: number };
  readSource: (file: string) => string | undefined;
  /** The emulated screen of the chosen session, when it has been drawn. */
  grid: CastGrid | undefined;
}

/** Title, tabs, then as much of the tab's content as there is room for. */
export function detailRows(input: DetailInput): { rows: Row[]; scroll: number } {
  const { model, test, ui, nowMs, size } = input;
  if (!test) return { rows: [fit(row(span(" no test selected", dim)), size.columns)], scroll: 0 };
  const tab = tabOf(test, ui);
  const head = [titleRow(model, test, nowMs), placeRow(model, test), tabsRow(test, tab, size.columns), blank].slice(
    0,
    Math.max(0, size.rows - 1),
  );
  const content = contentOf(tab, test, input);
  const room = size.rows - head.length;
  const scroll = Math.min(ui.detailScroll, Math.max(0, content.length - room));
  const shown = content.slice(scroll, scroll + room);
  const left = content.length - scroll - shown.length;
  if (left > 0 && shown.length > 0) shown[shown.length - 1] = row(span(` ↓ ${left + 1} more lines`, dim));
  return { rows: [...head, ...shown].map((line) => fit(line, size.columns)), scroll };
}

function titleRow(model: RunModel, test: TestModel, nowMs: number): Row {
  const note = noteOfTest(test, nowMs, (id) => model.tests.get(id)?.name ?? id);
  return row(
    " ",
    signOfTest(test.state),
    " ",
    span(test.name, bold),
    span(`  ${test.state === "running" || test.state === "queued" ? test.state : ""} ${note}`, dim),
  );
}

function placeRow(model: RunModel, test: TestModel): Row {
  const path = ancestorsOf(model, test.id).map((id) => model.tests.get(id)?.name ?? id);
  const words = [`${test.file}:${test.line}`];
  if (path.length > 0) words.push(`after ${path.join(" › ")}`);
  if (test.start !== undefined) words.push(startWords(test));
  return row(span(`   ${words.join(" · ")}`, dim));
}

function startWords({ start, forkMs = 0, vmId }: TestModel): string {
  const on = vmId === undefined ? "" : ` (${vmId})`;
  if (start === "continue") return `goes on in its parent's machine${on}`;
  return `${start === "fork" ? "forked" : "booted"} in ${formatMs(forkMs)}${on}`;
}

function tabsRow(test: TestModel, active: Tab, columns: number): Row {
  const spans: Span[] = [span(" ")];
  const short = columns < 56;
  for (const [key, name] of Object.entries(tabNames)) {
    const tab = Number(key);
    const isActive = tab === active;
    const label = short && !isActive ? key : `${key} ${name}`;
    spans.push(span(` ${label} `, isActive ? { inverse: true } : isEmpty(test, tab) ? dim : {}), span(short ? "" : " "));
  }
  return spans;
}

function isEmpty(test: TestModel, tab: number): boolean {
  const counts: Readonly<Record<number, number>> = {
    1: test.terminals.length,
    2: test.events.length,
    3: test.error ? 1 : 0,
    4: test.serviceLogs.length,
    5: test.events.length,
  };
  return counts[tab] === 0;
}

function contentOf(tab: Tab, test: TestModel, input: DetailInput): Row[] {
  const { columns } = input.size;
  switch (tab) {
    case 1:
      return castRows(test, input.ui.cast, input.grid, input.size);
    case 2:
      return nothing(eventRows(test, columns), test.state === "queued" ? "waits for its turn" : "nothing recorded yet");
    case 3:
      return test.error ? errorRows(test.error, columns, input.readSource) : [row(span(" no error", styleOfTest(test.state)))];
    case 4:
      return nothing(logRows(test, columns), "service logs are kept when a test fails");
    case 5:
      return nothing(timelineRows(test, input.nowMs, columns), "nothing recorded yet");
  }
}

function nothing(rows: Row[], otherwise: string): Row[] {
  return rows.length > 0 ? rows : [row(span(` ${otherwise}`, dim))];
}

function logRows(test: TestModel, columns: number): Row[] {
  return test.serviceLogs.flatMap(({ service, stdout, stderr, error, truncated }) => {
    const head = row(span(` ${service}`, bold), span(truncated ? "  (beginning cut)" : "", dim));
    const lines = [stdout, stderr].filter((text) => text.trim() !== "").flatMap((text) => wrapText(text.trimEnd(), columns - 4));
    const body =
      error === undefined
        ? lines.map((line) => row(span(" │ ", dim), line))
        : [row(span(` │ could not be read: ${error}`, { color: "yellow" }))];
    return [head, ...(body.length > 0 ? body : [row(span(" │ (empty)", dim))]), blank];
  });
}
