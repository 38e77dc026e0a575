/** Signs, colours and words for states, shared by the views. */
import { formatMs, type ServiceModel, symbols, type TestModel, type TestState } from "../../src/events/index.ts";
import type { ServiceState } from "../../src/protocol/index.ts";
import type { Span, Style } from "./row.ts";

export const dim: Style = { dim: true };
export const bold: Style = { bold: true };

const testStyles: Record<TestState, Style> = {
  queued: { dim: true },
  running: { color: "cyan" },
  passed: { color: "green" },
  failed: { color: "red" },
  flaky: { color: "yellow" },
  skipped: { dim: true },
  blocked: { color: "yellow" },
  cached: { color: "green", dim: true },
};

export function styleOfTest(state: TestState): Style {
  return testStyles[state];
}

export function signOfTest(state: TestState): Span {
  return { text: symbols[state], style: testStyles[state] };
}

export function elapsedOf(test: TestModel, nowMs: number): number | undefined {
  if (test.state === "running") return test.startedAtMs === undefined ? undefined : Math.max(0, nowMs - test.startedAtMs);
  return test.state === "queued" || test.state === "blocked" || test.state === "skipped" ? undefined : test.durationMs;
}

/** Short text at the right end of a test's line. */
export function noteOfTest(test: TestModel, nowMs: number, nameOf: (id: string) => string): string {
  if (test.state === "blocked") return `blocked by ${test.reason === undefined ? "an ancestor" : nameOf(test.reason)}`;
  if (test.state === "skipped") return test.reason ?? "skipped";
  if (test.state === "cached") return "cached";
  const elapsedMs = elapsedOf(test, nowMs);
  const again = test.attempts > 1 ? `×${test.attempts} ` : "";
  return elapsedMs === undefined ? "" : `${again}${formatMs(elapsedMs)}`;
}

const serviceStyles: Record<ServiceState, Style> = {
  pending: { dim: true },
  pulling: { color: "cyan" },
  building: { color: "cyan" },
  prepared: { color: "cyan" },
  starting: { color: "cyan" },
  probing: { color: "cyan" },
  ready: { color: "green" },
  failed: { color: "red" },
  cancelled: { color: "yellow" },
  stopped: { dim: true },
};

export function styleOfService(state: ServiceState): Style {
  return serviceStyles[state];
}

export function signOfService({ state }: ServiceModel): Span {
  const signs: Partial<Record<ServiceState, string>> = { pending: "·", ready: "✓", failed: "✗", cancelled: "⊘", stopped: "-" };
  return { text: signs[state] ?? "▸", style: serviceStyles[state] };
}

/** First line of a text, for places with room for one. */
export function firstLine(text: string): string {
  const [line = "", ...rest] = text.split("\n");
  return rest.length > 0 ? `${line} …` : line;
}
