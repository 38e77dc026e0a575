/** One JSON object at the end of a run. Its shape is public: fields are added, never changed without a new schemaVersion. */
import { type RunModel, type TestModel, type Totals, totalsOf } from "../events/index.ts";
import type { RecordedEvent, TerminalSession, WireError } from "../protocol/index.ts";
import type { Reporter, ReporterOptions } from "./types.ts";

export const JSON_REPORT_VERSION = 1;

export interface JsonError {
  message: string;
  stack: string | null;
  diff?: string;
}

export interface JsonTest {
  id: string;
  name: string;
  file: string;
  line: number;
  parent: string | null;
  status: keyof Totals;
  durationMs: number;
  attempts: number;
  forkMs: number;
  error?: JsonError;
  events: readonly RecordedEvent[];
  terminals: readonly TerminalSession[];
}

export interface JsonReport {
  schemaVersion: number;
  run: {
    id: string;
    accel: string;
    startedAt: string;
    durationMs: number;
    bringUp: { kind: "cold" | "warm"; durationMs: number } | null;
    forks: { count: number; p50Ms: number };
    /** Only when something other than a test ended the run. */
    error?: JsonError & { code?: string; hint?: string };
  };
  totals: Totals;
  tests: JsonTest[];
}

export function createJsonReporter({ data }: ReporterOptions): Reporter {
  return {
    onEvent(event, model) {
      if (event.type === "run-finished") data(`${JSON.stringify(jsonReport(model), undefined, 2)}\n`);
    },
  };
}

export function jsonReport(model: RunModel): JsonReport {
  const { runId, accel, startedAt, finished, environment } = model;
  const bringUp = finished?.bringUp ?? (environment ? { kind: environment.kind, durationMs: environment.durationMs } : null);
  const tests = model.order.flatMap((id) => model.tests.get(id) ?? []).filter((test) => test.selected || test.state !== "queued");
  const error = finished?.error;
  return {
    schemaVersion: JSON_REPORT_VERSION,
    run: {
      id: runId ?? "",
      accel: accel ?? "",
      startedAt: startedAt ?? "",
      durationMs: finished?.durationMs ?? model.atMs,
      bringUp,
      forks: finished?.forks ?? { count: 0, p50Ms: 0 },
      ...(error
        ? {
            error: {
              ...jsonError(error),
              ...(error.code === undefined ? {} : { code: error.code }),
              ...(error.hint === undefined ? {} : { hint: error.hint }),
            },
          }
        : {}),
    },
    totals: finished?.totals ?? totalsOf(model),
    tests: tests.map(jsonTest),
  };
}

function jsonTest(test: TestModel): JsonTest {
  const { id, name, file, line, parent, state, durationMs, attempts, forkMs, error, events, terminals } = test;
  return {
    id,
    name,
    file,
    line,
    parent: parent ?? null,
    // What a cancelled run never reached was not run: there is no seventh status.
    status: state === "queued" || state === "running" ? "skipped" : state,
    durationMs: durationMs ?? 0,
    attempts,
    forkMs: forkMs ?? 0,
    ...(error ? { error: jsonError(error) } : {}),
    events,
    terminals,
  };
}

function jsonError({ message, stack, diff }: WireError): JsonError {
  return { message, stack: stack ?? null, ...(diff === undefined ? {} : { diff }) };
}
