import type { CommandContext, Orchestrator } from "../../context.ts";
import { progressLines } from "../progress.ts";
import { columns } from "../table-text.ts";

type BenchOptions = Parameters<Orchestrator["runBench"]>[0];
type Measure = Pick<BenchOptions, "operation" | "n" | "memoryMib" | "pool" | "depth" | "baseline">;

/** Runs one benchmark and prints its report; what it measures and how is the engine's affair. */
export async function bench(context: CommandContext, measure: Measure): Promise<number> {
  const { runBench } = await context.orchestrator();
  const report = await runBench({ ...measure, home: context.home, signal: context.interrupts.signal, onProgress: progressLines(context) });
  if (context.json) {
    context.io.json(report);
    return 0;
  }
  const phases = Object.entries(report.phases).map(([name, { p50, p95 }]) => [name, ms(p50), ms(p95), ""]);
  const { p50, p95, p99 } = report.total;
  context.io.say(`${report.operation} on ${report.accel}, ${report.n} times`);
  context.io.out(columns([["PHASE", "P50", "P95", "P99"], ...phases, ["total", ms(p50), ms(p95), ms(p99)]]));
  return 0;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
