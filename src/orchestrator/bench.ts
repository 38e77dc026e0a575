import { type BenchCaptureReport, type BenchForkReport, benchCapture, benchFork, type OnProgress } from "../../qemu/index.ts";
import { SpectestError } from "../errors/index.ts";
import { withBase } from "./host.ts";

export interface BenchOptions {
  home: string;
  operation: "fork" | "capture";
  signal: AbortSignal;
  onProgress?: OnProgress;
  /** Times each thing is measured. */
  n?: number;
  memoryMib?: number;
  fillMib?: number;
  pool?: "parked" | "started" | "none";
  depth?: number;
  baseline?: boolean;
}
/** Printed as it is by `bench … --json`. All times are milliseconds. */
export type BenchReport = BenchForkReport | BenchCaptureReport;

/** Measures the engine on the base template, which is made first when it is missing. */
export async function runBench(options: BenchOptions): Promise<BenchReport> {
  const { operation, n, memoryMib, fillMib, depth, baseline, pool = "none", signal, onProgress } = options;
  if (pool !== "none")
    throw new SpectestError("USAGE", { what: `--pool ${pool} is not available yet`, hint: "spectest bench fork --pool none" });
  const common = { signal, ...(n === undefined ? {} : { n }), ...(onProgress === undefined ? {} : { onProgress }) };
  return withBase<BenchReport>(options, (engine, base) =>
    operation === "capture"
      ? benchCapture(engine, base.snapshot.id, common)
      : benchFork(engine, base.snapshot.id, {
          ...common,
          ...(memoryMib === undefined ? {} : { memoryMib }),
          ...(fillMib === undefined ? {} : { fillMib }),
          ...(depth === undefined ? {} : { depth }),
          ...(baseline === undefined ? {} : { baseline }),
        }),
  );
}
