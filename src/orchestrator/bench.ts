import { SpectestError } from "../errors/index.ts";

export interface BenchOptions {
  home: string;
  operation: "fork" | "capture";
  signal: AbortSignal;
  onProgress?: (progress: { phase: string; detail?: string; fraction?: number }) => void;
  n?: number;
  memoryMib?: number;
  pool?: "parked" | "started" | "none";
  depth?: number;
  baseline?: boolean;
}
/** Printed as it is by `bench … --json`. */
export interface BenchReport {
  schemaVersion: number;
  operation: string;
  accel: string;
  host: unknown;
  n: number;
  phases: Record<string, { p50: number; p95: number }>;
  total: { p50: number; p95: number; p99: number };
}
export async function runBench(_options: BenchOptions): Promise<BenchReport> {
  throw new SpectestError("INTERNAL", { what: "no benchmark in this build yet" });
}
