import { bootVm } from "../boot/boot.ts";
import type { EngineContext } from "../context.ts";
import { contextOf } from "../engine.ts";
import { forkVm } from "../fork/fork.ts";
import { discardVm } from "../instance/create.ts";
import { VmHandle } from "../instance/vm.ts";
import type { HostFacts, OnProgress, PhaseTimings, VmEngine } from "../types.ts";
import { type BaselineReport, measureBaseline } from "./baseline.ts";
import { fillMemory } from "./fill.ts";
import { type ForkMemory, forkMemory } from "./memory.ts";
import { type ColdLoad, coldLoad, evict } from "./pageCache.ts";
import { type Percentiles, phaseSpreads, spread, spreadWithTail } from "./percentiles.ts";

/** How many forks are alive together when the memory of one is measured. */
const ALIVE_TOGETHER = 3;

export interface BenchForkOptions {
  /** Forks measured; default 20. */
  n?: number;
  /** Only forks made from nothing are measured here. */
  pool?: "none";
  /** Also measure the same guest by QEMU's mapped-ram + multifd, in the same run. */
  baseline?: boolean;
  /** Also measure forks of forks down to this depth. */
  depth?: number;
  /** Guest RAM; a template of that size is made first when the snapshot has another one. */
  memoryMib?: number;
  /** MiB the guest writes to before it is captured, as services would; default 0. At most half its RAM. */
  fillMib?: number;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/** All times in milliseconds. */
export interface BenchForkReport {
  schemaVersion: 1;
  operation: "fork";
  accel: string;
  host: HostFacts;
  n: number;
  pool: "none";
  memoryMib: number;
  fillMib: number;
  phases: Record<string, Percentiles>;
  total: Percentiles & { p99: number };
  tearDown: Percentiles;
  /** Memory only an idle fork uses, while others of the same template live. */
  memory: ForkMemory;
  byDepth?: { depth: number; total: Percentiles }[];
  /** With the baseline: the same fork when its template is not in the host's page cache. */
  cold?: ColdLoad;
  baseline?: BaselineReport;
}

/**
 * Measures forks of a snapshot, from the call to the confirmed handshake.
 *
 * @example const report = await benchFork(engine, base.id, { n: 20, baseline: true, depth: 10 });
 */
export async function benchFork(engine: VmEngine, snapshotId: string, options: BenchForkOptions = {}): Promise<BenchForkReport> {
  const context = contextOf(engine);
  const n = options.n ?? 20;
  const { id, memoryMib, release } = await prepared(context, snapshotId, options);
  try {
    await timeForks(context, id, 1); // the first one validates the files and warms the page cache
    const { runs, tearDowns } = await timeForks(context, id, n, options);
    const memory = await idleMemory(context, id);
    const byDepth =
      options.depth === undefined ? undefined : await timeDepths(context, id, options.depth, Math.max(3, Math.ceil(n / 4)), options);
    const cold = options.baseline ? await timeColdForks(context, id, Math.max(2, Math.ceil(n / 4))) : undefined;
    const baseline = options.baseline ? await measureBaseline(context, id, Math.max(2, Math.ceil(n / 4))) : undefined;
    return {
      schemaVersion: 1,
      operation: "fork",
      accel: context.host.accelerator.name,
      host: context.host,
      n,
      pool: "none",
      memoryMib,
      fillMib: options.fillMib ?? 0,
      phases: phaseSpreads(runs),
      total: spreadWithTail(runs.map(({ total }) => total ?? 0)),
      tearDown: spread(tearDowns),
      memory,
      ...(byDepth ? { byDepth } : {}),
      ...(cold ? { cold } : {}),
      ...(baseline ? { baseline } : {}),
    };
  } finally {
    await release();
  }
}

async function timeForks(
  context: EngineContext,
  id: string,
  n: number,
  { signal, onProgress }: BenchForkOptions = {},
): Promise<{ runs: PhaseTimings[]; tearDowns: number[] }> {
  const runs: PhaseTimings[] = [];
  const tearDowns: number[] = [];
  for (let round = 0; round < n; round++) {
    const core = await forkVm(context, id, { name: "bench", ...(signal ? { signal } : {}) });
    runs.push(core.record.timings);
    const start = performance.now();
    await discardVm(core);
    tearDowns.push(performance.now() - start);
    onProgress?.({ phase: "fork", fraction: (round + 1) / n });
  }
  return { runs, tearDowns };
}

async function timeColdForks(context: EngineContext, id: string, n: number): Promise<ColdLoad> {
  const runs: PhaseTimings[] = [];
  for (let round = 0; round < n; round++) {
    await evict(context.store.dirOf(id));
    runs.push(...(await timeForks(context, id, 1)).runs);
  }
  return coldLoad(runs);
}

async function idleMemory(context: EngineContext, id: string): Promise<ForkMemory> {
  const cores = [];
  try {
    for (let index = 0; index < ALIVE_TOGETHER; index++) cores.push(await forkVm(context, id, { name: "bench" }));
    const found = await Promise.all(cores.map((core) => forkMemory(core.machine)));
    return {
      privateMib: spread(found.map(({ privateMib }) => privateMib)).p50,
      guestMib: spread(found.map(({ guestMib }) => guestMib)).p50,
    };
  } finally {
    await Promise.all(cores.map(discardVm));
  }
}

/** A chain of deltas, each captured from a fork of the one before; forks of each are measured. */
async function timeDepths(
  context: EngineContext,
  id: string,
  deepest: number,
  n: number,
  options: BenchForkOptions,
): Promise<{ depth: number; total: Percentiles }[]> {
  const chain: string[] = [];
  const found: { depth: number; total: Percentiles }[] = [];
  try {
    for (let depth = 1; depth <= deepest; depth++) {
      const from = chain.at(-1) ?? id;
      const { runs } = await timeForks(context, from, n, options);
      found.push({ depth, total: spread(runs.map(({ total }) => total ?? 0)) });
      if (depth === deepest) break;
      const vm = new VmHandle(await forkVm(context, from, { name: "bench" }), () => undefined);
      chain.push((await vm.capture({ key: `bench depth ${depth} ${vm.id}`, then: "stop" })).snapshot.id);
    }
    return found;
  } finally {
    for (const snapshot of chain.toReversed()) await context.store.remove(snapshot);
  }
}

interface Prepared {
  id: string;
  memoryMib: number;
  release: () => Promise<void>;
}

/** The snapshot itself, or a template made from it, or from its image, with the RAM and the use of it that were asked for. */
async function prepared(context: EngineContext, snapshotId: string, { memoryMib, fillMib = 0 }: BenchForkOptions): Promise<Prepared> {
  const snapshot = await context.store.get(snapshotId);
  const wantedMib = memoryMib ?? snapshot.memoryMib;
  if (wantedMib === snapshot.memoryMib && fillMib === 0) {
    return { id: snapshotId, memoryMib: wantedMib, release: async () => undefined };
  }
  const core =
    wantedMib === snapshot.memoryMib
      ? await forkVm(context, snapshotId, { name: "bench", memory: "template" })
      : await bootVm(context, await context.imageOf(snapshot.imageDigest), { name: "bench", memoryMib: wantedMib, cpus: snapshot.cpus });
  const vm = new VmHandle(core, () => undefined);
  try {
    if (fillMib > 0) await fillMemory(vm, fillMib);
    const { snapshot: made } = await vm.capture({ key: `bench ${vm.id}`, ephemeral: true, then: "stop" });
    return { id: made.id, memoryMib: wantedMib, release: () => context.store.remove(made.id) };
  } catch (error) {
    await vm.stop("kill");
    throw error;
  }
}
