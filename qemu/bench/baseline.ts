import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { stopwatch } from "../../src/platform/index.ts";
import { AgentClient } from "../agent/client.ts";
import { sendIdentity } from "../agent/handshake.ts";
import { phaseClock } from "../capture/common.ts";
import type { EngineContext } from "../context.ts";
import { forkVm } from "../fork/fork.ts";
import { writeOverlay } from "../fork/qcow2.ts";
import type { VmCore } from "../instance/core.ts";
import { createVm, discardVm } from "../instance/create.ts";
import type { PhaseTimings } from "../types.ts";
import { loadMapped, saveMapped } from "./mappedRam.ts";
import { forkMemory } from "./memory.ts";
import { type ColdLoad, coldLoad, evict } from "./pageCache.ts";
import { type Percentiles, phaseSpreads, spread, spreadWithTail } from "./percentiles.ts";

export interface BaselineReport {
  method: "mapped-ram + multifd";
  /** How long the guest stood still while all its RAM was written. */
  capture: Percentiles;
  fileMib: number;
  phases: Record<string, Percentiles>;
  total: Percentiles & { p99: number };
  cold: ColdLoad;
  /** Memory only one resumed machine uses. */
  privateMib: number;
}

/**
 * The same guest captured and resumed the way QEMU itself offers: a migration of all RAM into one file with fixed places,
 * written and read by several threads.
 */
export async function measureBaseline(context: EngineContext, snapshotId: string, n: number): Promise<BaselineReport> {
  const live: VmCore[] = [];
  try {
    const captures: number[] = [];
    let source: VmCore | undefined;
    for (let round = 0; round < Math.min(n, 3); round++) {
      if (source) await discardVm(source);
      source = await forkVm(context, snapshotId, { name: "bench-baseline" });
      live.push(source);
      captures.push(await saveMapped(source.machine, fileOf(source)));
      source.move("stopping");
      await source.machine.process.kill();
    }
    if (!source) throw new RangeError("n must be at least 1");
    const runs: PhaseTimings[] = [];
    const coldRuns: PhaseTimings[] = [];
    const memory: number[] = [];
    for (let round = 0; round < n; round++) {
      const resumed = await resumeMapped(source);
      live.push(resumed);
      runs.push(resumed.record.timings);
      memory.push((await forkMemory(resumed.machine)).privateMib);
      await discardVm(resumed);
      await evict(fileOf(source));
      const cold = await resumeMapped(source);
      live.push(cold);
      coldRuns.push(cold.record.timings);
      await discardVm(cold);
    }
    return {
      method: "mapped-ram + multifd",
      capture: spread(captures),
      fileMib: Math.round(((await stat(fileOf(source))).blocks * 512) / 1024 / 1024),
      phases: phaseSpreads(runs),
      total: spreadWithTail(runs.map(({ total }) => total ?? 0)),
      cold: coldLoad(coldRuns),
      privateMib: spread(memory).p50,
    };
  } finally {
    for (const core of live) if (core.state !== "stopped") await discardVm(core);
  }
}

function fileOf(core: VmCore): string {
  return join(core.dir, "mapped-ram");
}

async function resumeMapped(source: VmCore): Promise<VmCore> {
  const total = stopwatch();
  const clock = phaseClock();
  const { context, image, layout, diskBytes, network } = source;
  const core = await createVm({ context, image, layout, diskBytes, network, name: "bench-baseline", labels: {} });
  try {
    core.move("resuming");
    const { path: diskPath } = core.nextOverlay();
    await writeOverlay(diskPath, { virtualSizeBytes: diskBytes, backingPath: source.disk.path, backingFormat: "qcow2" });
    clock.mark("disk");
    const machine = await core.start({ ramPath: "", diskPath }, { ram: "anonymous", incoming: true });
    core.adopt(machine);
    clock.mark("start");
    core.useAgent(new AgentClient(await machine.connect("agent.sock"), core.record.id));
    await loadMapped(machine, fileOf(source));
    clock.mark("load");
    await machine.guard(core.agent.request({ op: "ping" }));
    clock.mark("wake");
    await machine.guard(sendIdentity(core.agent, randomUUID()));
    clock.mark("handshake");
    core.record.timings = { ...clock.timings, total: total() };
    core.move("running");
    return core;
  } catch (error) {
    await discardVm(core);
    throw error;
  }
}
