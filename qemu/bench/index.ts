export type { BaselineReport } from "./baseline.ts";
export { type BenchCaptureOptions, type BenchCaptureReport, benchCapture } from "./benchCapture.ts";
export { type BenchForkOptions, type BenchForkReport, benchFork } from "./benchFork.ts";
export type { Percentiles } from "./percentiles.ts";
