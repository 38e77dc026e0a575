import { performance } from "node:perf_hooks";

/** Monotonic milliseconds; the origin is arbitrary. */
export function nowMs(): number {
  return performance.now();
}

/** Starts a stopwatch: each call of the result gives the milliseconds since then. */
export function stopwatch(): () => number {
  const start = nowMs();
  return () => nowMs() - start;
}
