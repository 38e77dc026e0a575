/** What is said once, at the end of a run. */
import { type RunModel, totalsOf } from "../events/index.ts";
import { failureText } from "./failure.ts";
import { formatMs, indent } from "../events/text.ts";
import type { ReporterOptions } from "./types.ts";

type Look = Pick<ReporterOptions, "paint" | "readSource" | "verbose">;

/** Failures in full, empty when there are none. */
export function failuresText(model: RunModel, look: Look): string {
  const failed = model.order.flatMap((id) => model.tests.get(id) ?? []).filter((test) => test.state === "failed");
  if (failed.length === 0) return "";
  const texts = failed.map((test, index) => failureText(model, test, index + 1, look));
  return `\n${look.paint.bold("Failures")}\n\n${texts.map((text) => indent(text, 1)).join("\n\n")}\n`;
}

/** Services that failed, with the end of their logs: for a face that did not say so as it happened. */
export function failedServicesText(model: RunModel, look: Look): string {
  const failed = model.services.filter((service) => service.state === "failed");
  const texts = failed.map(({ name, error, logTail }) => {
    const log = logTail.slice(-20).map((line) => `  ${look.paint.dim("│")} ${line}\n`);
    return `${look.paint.red(`✗ ${name}`)}  ${error?.message ?? "failed"}\n${log.join("")}`;
  });
  return texts.join("");
}

/** Counts and times; empty when no test was found. What ended the run early is for the caller to show. */
export function totalsText(model: RunModel, look: Look): string {
  const { paint } = look;
  const { finished } = model;
  const lines: string[] = [];
  if (model.order.length === 0) return "";
  lines.push("", `${paint.bold("Tests")}  ${counts(model, look)}`);
  const times = timesOf(model);
  if (times) lines.push(`${paint.bold("Time")}   ${times}`);
  if (finished?.outcome === "cancelled") lines.push(paint.yellow("The run was cancelled."));
  return `${lines.join("\n")}\n`;
}

function counts(model: RunModel, { paint }: Look): string {
  const totals = model.finished?.totals ?? totalsOf(model);
  const total = Object.values(totals).reduce((sum: number, count: number) => sum + count, 0);
  const colors = {
    failed: paint.red,
    flaky: paint.yellow,
    blocked: paint.yellow,
    passed: paint.green,
    cached: paint.green,
    skipped: paint.dim,
  };
  const order = ["failed", "flaky", "blocked", "passed", "cached", "skipped"] as const;
  const parts = order.filter((name) => totals[name] > 0).map((name) => colors[name](`${totals[name]} ${name}`));
  const missing = model.order.length - total;
  if (missing > 0) parts.push(paint.dim(`${missing} not run`));
  return `${parts.length === 0 ? "none" : parts.join(", ")} ${paint.dim(`(${Math.max(total, model.order.length)})`)}`;
}

function timesOf({ finished, forkTimesMs }: RunModel): string | undefined {
  if (!finished) return undefined;
  const parts = [formatMs(finished.durationMs)];
  if (finished.bringUp) parts.push(`bring-up ${formatMs(finished.bringUp.durationMs)} (${finished.bringUp.kind})`);
  const { count, p50Ms } = finished.forks;
  if (count > 0) parts.push(`${count === 1 ? "1 fork" : `${count} forks`}, median ${formatMs(p50Ms)}`);
  else if (forkTimesMs.length > 0) parts.push(`${forkTimesMs.length} forks`);
  return parts.join(" · ");
}
