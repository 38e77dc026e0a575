export type { BaselineReport } from "./baseline.ts";
export { benchCapture, type BenchCaptureOptions, type BenchCaptureReport } from "./benchCapture.ts";
export { benchFork, type BenchForkOptions, type BenchForkReport } from "./benchFork.ts";
export type { Percentiles } from "./percentiles.ts";
