import type { PhaseTimings } from "../types.ts";

export interface Percentiles {
  p50: number;
  p95: number;
}

/** The value below which this share of the values lies (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return Math.round(value * 100) / 100;
}

export function spread(values: readonly number[]): Percentiles {
  return { p50: percentile(values, 0.5), p95: percentile(values, 0.95) };
}

export function spreadWithTail(values: readonly number[]): Percentiles & { p99: number } {
  return { ...spread(values), p99: percentile(values, 0.99) };
}

/** Percentiles of each phase over several runs; "total" is reported apart. */
export function phaseSpreads(runs: readonly PhaseTimings[]): Record<string, Percentiles> {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run)))].filter((name) => name !== "total");
  return Object.fromEntries(names.map((name) => [name, spread(runs.flatMap((run) => run[name] ?? []))]));
}
