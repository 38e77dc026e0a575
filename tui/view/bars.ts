/** The first and the last line of the screen. */
import { formatMs, type RunModel, totalsOf } from "../../src/events/index.ts";
import { bindings } from "../keymap.ts";
import { showsTests, type UiState } from "../state.ts";
import { bold, dim } from "./looks.ts";
import { type Row, row, rowWidth, type Span, span, spread, widthOf } from "./row.ts";

export function headerRow(model: RunModel, nowMs: number, columns: number): Row {
  const left: Span[] = [span(" spectest", bold), span(` ${model.command ?? ""}`, dim)];
  if (model.accel !== undefined) left.push(span(` · ${model.accel}`, dim));
  left.push(span("   "), ...counts(model));
  return spread(left, row(span(`${formatMs(model.finished?.durationMs ?? nowMs)} `, dim)), columns);
}

function counts(model: RunModel): Span[] {
  if (!showsTests(model)) return bringUpWord(model);
  const totals = totalsOf(model);
  const done = Object.values(totals).reduce((sum: number, count: number) => sum + count, 0);
  const parts = [span(`${done}/${model.order.length}`)];
  const colors = { failed: "red", flaky: "yellow", blocked: "yellow", passed: "green", cached: "green" } as const;
  for (const [name, color] of Object.entries(colors)) {
    const count = totals[name as keyof typeof colors];
    if (count > 0) parts.push(span(`  ${count} ${name}`, { color }));
  }
  return parts;
}

function bringUpWord(model: RunModel): Span[] {
  if (model.environment) return [span("environment ready", { color: "green" })];
  const ready = model.services.filter((service) => service.state === "ready").length;
  if (model.services.length > 0) return [span(`${ready}/${model.services.length} services ready`)];
  const phase = model.phases.at(-1)?.phase;
  return [span(phase === undefined ? "starting" : `preparing: ${phase}`)];
}

/** State on the left, the keys of this view on the right; keys give way first. */
export function footerRow(model: RunModel, ui: UiState, columns: number): Row {
  if (ui.focus === "filter")
    return spread(
      row(span(" / ", { color: "cyan" }), ui.filter, span("▏", { color: "cyan" })),
      row(span("⏎ keep  esc drop ", dim)),
      columns,
    );
  const left = stateWords(model, ui);
  const room = columns - rowWidth(left) - 2;
  const labels: string[] = [];
  const labelled = bindings.filter((binding) => binding.label !== undefined && binding.focus.includes(ui.focus));
  // Before there are tests, most keys have nothing to act on.
  const wanted = showsTests(model) ? labelled : labelled.filter(({ action }) => ["down", "back", "help", "quit"].includes(action));
  // From the end: quit and help are what a lost person looks for.
  for (const { label = "" } of [...wanted].toReversed()) {
    if (widthOf([label, ...labels].join("  ")) > room) break;
    labels.unshift(label);
  }
  return spread(left, row(span(`${labels.join("  ")} `, dim)), columns);
}

function stateWords(model: RunModel, ui: UiState): Row {
  const { finished } = model;
  if (finished) {
    const looks = { passed: "green", failed: "red", error: "red", cancelled: "yellow" } as const;
    return row(span(` ${finished.outcome}`, { color: looks[finished.outcome], bold: true }));
  }
  if (ui.cancelling) return row(span(" cancelling… (Ctrl-C again to force)", { color: "yellow" }));
  if (ui.filter !== "") return row(span(` /${ui.filter}`, { color: "cyan" }));
  if (ui.failuresOnly) return row(span(" failures only", { color: "red" }));
  const running = [...model.tests.values()].filter((test) => test.state === "running").length;
  if (running > 0) return row(span(` ${running} running`, { color: "cyan" }));
  return row(span(model.environment ? " ready" : " working", dim));
}
