/** What comes before the tests: phases, services, and why one failed. */
import { formatMs, type PhaseModel, type RunModel, type ServiceModel } from "../../src/events/index.ts";
import { dim, firstLine, signOfService, styleOfService } from "./looks.ts";
import { blank, fit, type Row, row, type Span, span, spread, wrapText } from "./row.ts";

interface Line {
  row: Row;
  /** Left out first when there is not enough room: what is done and needs nobody. */
  isSettled: boolean;
}

/** Lines of the bring-up, at most `rows` of them; when there are more, settled ones give way, then `scroll` decides. */
export function bringUpRows(
  model: RunModel,
  nowMs: number,
  size: { columns: number; rows: number },
  scroll: number,
): { rows: Row[]; scroll: number } {
  const { columns } = size;
  const lines = [...model.phases.flatMap((phase) => phaseLines(phase, nowMs, columns))];
  if (model.services.length > 0) lines.push(settled(blank), ...serviceLines(model, nowMs, columns));
  lines.push(...endLines(model, columns));
  const shown = condense(lines, size.rows, columns);
  const start = Math.min(Math.max(0, scroll), Math.max(0, shown.length - size.rows));
  return { rows: shown.slice(start, start + size.rows), scroll: start };
}

function settled(line: Row): Line {
  return { row: line, isSettled: true };
}

function live(line: Row): Line {
  return { row: line, isSettled: false };
}

function condense(lines: readonly Line[], rows: number, columns: number): Row[] {
  const excess = lines.length - rows;
  if (excess <= 0) return lines.map((line) => line.row);
  const dropped = lines.filter((line) => line.isSettled).slice(0, excess + 1);
  const kept = lines.filter((line) => !dropped.includes(line)).map((line) => line.row);
  return [fit(row(span(`   … ${dropped.length} lines done`, dim)), columns), ...kept];
}

function phaseLines(
  { phase, state, detail, fraction, startedAtMs, durationMs, error }: PhaseModel,
  nowMs: number,
  columns: number,
): Line[] {
  const isOver = state === "done" || state === "reused";
  const signs: Record<PhaseModel["state"], Span> = {
    started: span("▸", { color: "cyan" }),
    progress: span("▸", { color: "cyan" }),
    waiting: span("…", { color: "yellow" }),
    done: span("✓", { color: "green" }),
    reused: span("✓", { color: "green", dim: true }),
    failed: span("✗", { color: "red" }),
  };
  const words = [isOver || state === "progress" || state === "started" ? (state === "reused" ? "reused" : "") : state];
  if (fraction !== undefined && !isOver) words.push(`${Math.round(fraction * 100)} %`);
  if (detail !== undefined) words.push(detail);
  const tookMs = durationMs ?? (isOver ? undefined : nowMs - startedAtMs);
  const left = row(" ", signs[state], ` ${phase.padEnd(11)} `, span(words.filter((word) => word !== "").join("  "), dim));
  const head = spread(left, row(span(tookMs === undefined ? "" : `${formatMs(Math.max(0, tookMs))} `, dim)), columns);
  const reasons = error ? wrapText(error.message, columns - 6).map((text) => live(row(span(`     ${text}`, { color: "red" })))) : [];
  return [isOver ? settled(head) : live(head), ...reasons];
}

function serviceLines(model: RunModel, nowMs: number, columns: number): Line[] {
  const nameColumns = Math.min(24, Math.max(8, ...model.services.map((service) => service.name.length)));
  return model.services.flatMap((service) => [serviceLine(service, nameColumns, nowMs, columns), ...failureLines(service, columns)]);
}

function serviceLine(service: ServiceModel, nameColumns: number, nowMs: number, columns: number): Line {
  const { name, state, detail, startedAtMs, sinceMs } = service;
  const isSettled = state === "ready" || state === "stopped";
  // A settled service tells how long it took; a busy one how long it has been at this.
  const ageMs = isSettled || state === "failed" ? sinceMs - startedAtMs : nowMs - sinceMs;
  const left: Row = [
    span("   "),
    signOfService(service),
    span(" "),
    ...fit(row(name), nameColumns),
    span(` ${state.padEnd(9)} `, styleOfService(state)),
    span(detail === undefined ? "" : firstLine(detail), dim),
  ];
  const head = spread(left, row(span(`${formatMs(Math.max(0, ageMs))} `, dim)), columns);
  return isSettled ? settled(head) : live(head);
}

const LOG_LINES = 10;

function failureLines({ state, error, logTail }: ServiceModel, columns: number): Line[] {
  if (state !== "failed") return [];
  const reasons = error ? wrapText(error.message, columns - 8).map((text) => row(span(`       ${text}`, { color: "red" }))) : [];
  const log = logTail.slice(-LOG_LINES).map((text) => row(span("       │ ", dim), text));
  return [...reasons, ...log].map((line) => live(fit(line, columns)));
}

function endLines(model: RunModel, columns: number): Line[] {
  const lines: Line[] = [];
  if (model.setup !== undefined) {
    const failed = model.setup === "failed";
    lines.push({
      row: row(
        "   ",
        span(failed ? "✗" : model.setup === "done" ? "✓" : "▸", { color: failed ? "red" : "cyan" }),
        " set-up of the project",
      ),
      isSettled: model.setup === "done",
    });
  }
  const { environment, finished } = model;
  if (environment && environment.addresses.length > 0) {
    const width = Math.max(...environment.addresses.map(({ service, port }) => `${service}:${port}`.length));
    lines.push(live(blank), live(row(span(" Reachable from this host", { bold: true }))));
    for (const { service, port, address } of environment.addresses)
      lines.push(live(row(`   ${`${service}:${port}`.padEnd(width)}  `, span(address, { color: "cyan" }))));
  }
  for (const { level, message } of model.notices.slice(-4)) {
    if (level !== "info")
      lines.push(live(fit(row(span(` ${level}: `, { color: level === "error" ? "red" : "yellow" }), firstLine(message)), columns)));
  }
  if (finished?.error)
    lines.push(live(blank), ...wrapText(finished.error.message, columns - 2).map((text) => live(row(span(` ${text}`, { color: "red" })))));
  if (finished?.error?.hint !== undefined) lines.push(live(row(span(" hint: ", { color: "cyan" }), finished.error.hint)));
  return lines;
}
