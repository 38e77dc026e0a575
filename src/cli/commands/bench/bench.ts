import type { CommandContext, Orchestrator } from "../../context.ts";
import { progressLines } from "../progress.ts";
import { columns } from "../table-text.ts";

type BenchOptions = Parameters<Orchestrator["runBench"]>[0];
type Measure = Pick<BenchOptions, "operation" | "n" | "memoryMib" | "fillMib" | "pool" | "depth" | "baseline">;

/** Runs one benchmark and prints its report; what it measures and how is the engine's affair. */
export async function bench(context: CommandContext, measure: Measure): Promise<number> {
  const { runBench } = await context.orchestrator();
  const report = await runBench({ ...measure, home: context.home, signal: context.interrupts.signal, onProgress: progressLines(context) });
  if (context.json) {
    context.io.json(report);
    return 0;
  }
  context.io.say(`${report.operation} on ${report.accel}, ${report.n} times`);
  context.io.out(columns([["", "P50", "P95"], ...rowsOf(report)]));
  return 0;
}

type Report = Awaited<ReturnType<Orchestrator["runBench"]>>;
interface Spread {
  p50: number;
  p95: number;
}

function rowsOf(report: Report): string[][] {
  const row = (name: string, { p50, p95 }: Spread): string[] => [name, ms(p50), ms(p95)];
  const phases = Object.entries(report.phases).map(([name, spread]) => row(name, spread));
  if (report.operation === "capture") {
    const { pause, pauseOfStop } = report.template;
    const deltas = report.delta.map(({ dirtyMib, pause: spread }) => row(`delta of ${dirtyMib} MiB, pause`, spread));
    return [...phases, row("template, pause", pause), row("template that stops, pause", pauseOfStop), ...deltas];
  }
  const depths = (report.byDepth ?? []).map(({ depth, total }) => row(`total at depth ${depth}`, total));
  const { baseline, cold } = report;
  const compared = baseline
    ? [
        row("baseline: capture, pause", baseline.capture),
        row("baseline: load", baseline.phases.load ?? baseline.total),
        row("baseline: total", baseline.total),
        row("baseline: load, files not cached", baseline.cold.load),
      ]
    : [];
  if (cold) compared.unshift(row("load, files not cached", cold.load), row("total, files not cached", cold.total));
  return [...phases, row("total", report.total), row("tear-down", report.tearDown), ...depths, ...compared];
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
