/** JUnit XML: one suite per file, one case per test. */
import { type RunModel, type TestModel, totalsOf } from "../events/index.ts";
import { fullName } from "./failure.ts";
import type { Reporter, ReporterOptions } from "./types.ts";

export function createJunitReporter({ data }: ReporterOptions): Reporter {
  return {
    onEvent(event, model) {
      if (event.type === "run-finished") data(junitXml(model));
    },
  };
}

export function junitXml(model: RunModel): string {
  const tests = model.order.flatMap((id) => model.tests.get(id) ?? []).filter((test) => test.selected || test.state !== "queued");
  const files = groupByFile(tests);
  const totals = totalsOf(model);
  const suites = [...files].map(([file, cases]) => suite(model, file, cases));
  const error = model.finished?.error;
  if (error) suites.push(runError(error.message, error.stack ?? ""));
  const head = attributes({
    name: "spectest",
    tests: tests.length,
    failures: totals.failed,
    errors: error ? 1 : 0,
    skipped: totals.skipped + totals.blocked,
    time: seconds(model.finished?.durationMs ?? model.atMs),
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${head}>\n${suites.join("")}</testsuites>\n`;
}

function groupByFile(tests: readonly TestModel[]): Map<string, TestModel[]> {
  const files = new Map<string, TestModel[]>();
  for (const test of tests) files.set(test.file, [...(files.get(test.file) ?? []), test]);
  return files;
}

function suite(model: RunModel, file: string, tests: readonly TestModel[]): string {
  const count = (...states: readonly TestModel["state"][]): number => tests.filter((test) => states.includes(test.state)).length;
  const head = attributes({
    name: file,
    tests: tests.length,
    failures: count("failed"),
    errors: 0,
    skipped: count("skipped", "blocked", "queued", "running"),
    time: seconds(tests.reduce((sum, test) => sum + (test.durationMs ?? 0), 0)),
  });
  return `  <testsuite${head}>\n${tests.map((test) => testCase(model, test)).join("")}  </testsuite>\n`;
}

function testCase(model: RunModel, test: TestModel): string {
  const head = attributes({
    classname: test.file,
    name: fullName(model, test),
    file: test.file,
    line: test.line,
    time: seconds(test.durationMs ?? 0),
  });
  const body = outcome(test);
  return body === "" ? `    <testcase${head}/>\n` : `    <testcase${head}>\n${body}    </testcase>\n`;
}

function outcome({ state, error, reason }: TestModel): string {
  if (state === "failed")
    return failure("failure", error?.message ?? "failed", [error?.stack, error?.diff].filter((part) => part).join("\n\n"));
  if (state === "blocked") return `      <skipped${attributes({ message: `blocked by ${reason ?? "an ancestor"}` })}/>\n`;
  if (state === "skipped" || state === "queued" || state === "running")
    return `      <skipped${attributes({ message: reason ?? "not run" })}/>\n`;
  // The schema has no word for a test that passed on a retry; this is the one Maven's reader knows.
  if (state === "flaky") return failure("flakyFailure", error?.message ?? "an earlier attempt failed", error?.stack ?? "");
  return "";
}

function failure(tag: string, message: string, text: string): string {
  return `      <${tag}${attributes({ message })}>${escapeXml(text)}</${tag}>\n`;
}

function runError(message: string, stack: string): string {
  const head = attributes({ name: "spectest run", tests: 1, failures: 0, errors: 1, skipped: 0, time: "0.000" });
  const testcase = `    <testcase${attributes({ classname: "spectest", name: "run" })}>\n${failure("error", message, stack)}    </testcase>\n`;
  return `  <testsuite${head}>\n${testcase}  </testsuite>\n`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value)).replaceAll("\n", "&#10;")}"`)
    .join("");
}

/** Escapes markup and drops what XML 1.0 cannot carry in any form. */
export function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };
  return text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")
    .replaceAll(/[&<>"']/g, (char) => entities[char] ?? char);
}
