import { contextOf } from "../engine.ts";
import type { CaptureResult, HostFacts, OnProgress, VmEngine } from "../types.ts";
import { fillMemory } from "./fill.ts";
import { type Percentiles, phaseSpreads, spread } from "./percentiles.ts";

const DEFAULT_DIRTY_MIB = [0, 32, 128];

export interface BenchCaptureOptions {
  /** Captures per kind; default 5. */
  n?: number;
  /** Amounts of memory the guest writes to before a delta is captured; default 0, 32 and 128. */
  dirtyMib?: readonly number[];
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/** All times in milliseconds. */
export interface BenchCaptureReport {
  schemaVersion: 1;
  operation: "capture";
  accel: string;
  host: HostFacts;
  n: number;
  memoryMib: number;
  phases: Record<string, Percentiles>;
  /** `pause`: until the guest runs on in another process. `pauseOfStop`: until its state is safe, when it is not to run on. */
  template: { pause: Percentiles; pauseOfStop: Percentiles };
  delta: { dirtyMib: number; pause: Percentiles; bytes: number; phases: Record<string, Percentiles> }[];
}

/** Measures captures of both kinds, each of a fork of the snapshot. */
export async function benchCapture(engine: VmEngine, snapshotId: string, options: BenchCaptureOptions = {}): Promise<BenchCaptureReport> {
  const n = options.n ?? 5;
  const { host } = contextOf(engine);
  const { memoryMib } = await engine.snapshots.get(snapshotId);
  const onward = await templates(engine, snapshotId, n, "continue", options);
  const stopped = await templates(engine, snapshotId, n, "stop", options);
  const delta = [];
  for (const dirtyMib of options.dirtyMib ?? DEFAULT_DIRTY_MIB) delta.push(await deltas(engine, snapshotId, n, dirtyMib, options));
  return {
    schemaVersion: 1,
    operation: "capture",
    accel: host.accelerator.name,
    host,
    n,
    memoryMib,
    phases: phaseSpreads(onward.map(({ timings }) => timings)),
    template: { pause: pauses(onward), pauseOfStop: pauses(stopped) },
    delta,
  };
}

async function templates(
  engine: VmEngine,
  id: string,
  n: number,
  then: "continue" | "stop",
  options: BenchCaptureOptions,
): Promise<CaptureResult[]> {
  const results: CaptureResult[] = [];
  for (let round = 0; round < n; round++) {
    const vm = await engine.fork(id, { name: "bench", memory: "template", ...(options.signal ? { signal: options.signal } : {}) });
    const result = await vm.capture({ key: `bench template ${vm.id}`, then });
    results.push(result);
    await vm.stop();
    await engine.snapshots.remove(result.snapshot.id);
    options.onProgress?.({ phase: `template, then ${then}`, fraction: (round + 1) / n });
  }
  return results;
}

async function deltas(
  engine: VmEngine,
  id: string,
  n: number,
  wantedMib: number,
  options: BenchCaptureOptions,
): Promise<BenchCaptureReport["delta"][number]> {
  const results: CaptureResult[] = [];
  for (let round = 0; round < n; round++) {
    const vm = await engine.fork(id, { name: "bench", ...(options.signal ? { signal: options.signal } : {}) });
    if (wantedMib > 0) await fillMemory(vm, wantedMib);
    const result = await vm.capture({ key: `bench delta ${vm.id}`, then: "continue" });
    results.push(result);
    await vm.stop();
    await engine.snapshots.remove(result.snapshot.id);
    options.onProgress?.({ phase: `delta of ${wantedMib} MiB`, fraction: (round + 1) / n });
  }
  return {
    dirtyMib: spread(results.map(({ dirtyMib = 0 }) => dirtyMib)).p50,
    pause: pauses(results),
    bytes: Math.round(spread(results.map(({ deltaBytes = 0 }) => deltaBytes)).p50),
    phases: phaseSpreads(results.map(({ timings }) => timings)),
  };
}

function pauses(results: readonly CaptureResult[]): Percentiles {
  return spread(results.map(({ pauseMs }) => pauseMs));
}
