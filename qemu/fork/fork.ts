import { randomUUID } from "node:crypto";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { SpectestError } from "../../src/errors/index.ts";
import { stopwatch } from "../../src/platform/index.ts";
import { AgentClient } from "../agent/client.ts";
import { sendIdentity } from "../agent/handshake.ts";
import { phaseClock } from "../capture/common.ts";
import { type Delta, readDeltaFile } from "../capture/deltaFile.ts";
import { loadDeviceState } from "../capture/deviceState.ts";
import type { EngineContext } from "../context.ts";
import type { VmCore } from "../instance/core.ts";
import { createVm, discardVm } from "../instance/create.ts";
import type { Machine } from "../process/machine.ts";
import { layoutOf } from "../snapshot/fit.ts";
import { type Manifest, SNAPSHOT_FILES } from "../snapshot/manifest.ts";
import type { ForkOptions } from "../types.ts";
import { applyDelta, flatRam } from "./ram.ts";

const FIRST_ANSWER_TIMEOUT_MS = 30_000;

/**
 * Continues a snapshot under a new identity. The machine is handed out only after the guest has confirmed the identity,
 * the clock and the entropy it was given; whatever fails before that removes everything again.
 *
 * @throws SNAPSHOT_NOT_FOUND, SNAPSHOT_INVALID, VM_DEAD, AGENT, CANCELLED
 */
export async function forkVm(context: EngineContext, snapshotId: string, options: ForkOptions): Promise<VmCore> {
  throwIfAborted(options.signal);
  const total = stopwatch();
  const clock = phaseClock();
  const manifest = await context.store.open(snapshotId);
  const core = await createVm({
    context,
    image: await context.imageOf(manifest.imageDigest),
    layout: layoutOf(manifest),
    diskBytes: manifest.diskBytes,
    network: options.network ?? "open",
    name: options.name,
    labels: options.labels ?? {},
    from: snapshotId,
  });
  const onAbort = (): void => void (core.hasMachine && core.machine.process.kill());
  options.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    core.move("resuming");
    const files = await prepareFiles(core, manifest, options);
    clock.mark("disk");
    throwIfAborted(options.signal);
    const machine = await core.start(files, { ram: files.ram, incoming: true });
    core.adopt(machine);
    core.templateId = files.ram === "private" ? (manifest.template ?? manifest.id) : undefined;
    clock.mark("start");
    await load(core, machine, manifest, files.delta);
    clock.mark("load");
    await identify(core, machine, clock.mark);
    clock.mark("handshake");
    throwIfAborted(options.signal);
    machine.phase = "running";
    core.record.timings = { ...clock.timings, total: Math.round(total() * 100) / 100 };
    core.move("running");
    context.aside(context.store.touch(snapshotId));
    return core;
  } catch (error) {
    await discardVm(core);
    throwIfAborted(options.signal);
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
  }
}

interface ForkFiles {
  ramPath: string;
  ram: "shared" | "private";
  diskPath: string;
  /** Read while QEMU starts. */
  delta: Promise<Delta | undefined>;
}

async function prepareFiles(core: VmCore, manifest: Manifest, options: ForkOptions): Promise<ForkFiles> {
  const { store } = core.context;
  const dir = store.dirOf(manifest.id);
  const templateRam = join(store.dirOf(manifest.template ?? manifest.id), SNAPSHOT_FILES.ram);
  const diskPath = core.nextOverlay().path;
  await copyFile(join(dir, SNAPSHOT_FILES.overlay), diskPath);
  const delta = manifest.kind === "delta" ? readDeltaFile(join(dir, SNAPSHOT_FILES.delta)) : Promise.resolve(undefined);
  delta.catch(() => undefined);
  if (options.memory !== "template") return { ramPath: templateRam, ram: "private", diskPath, delta };
  const ramPath = join(core.dir, SNAPSHOT_FILES.ram);
  await flatRam(templateRam, ramPath, await delta, options.signal);
  return { ramPath, ram: "shared", diskPath, delta: Promise.resolve(undefined) };
}

async function load(core: VmCore, machine: Machine, manifest: Manifest, pages: Promise<Delta | undefined>): Promise<void> {
  machine.phase = "loading a snapshot";
  core.useAgent(new AgentClient(await machine.connect("agent.sock"), core.record.id));
  const delta = await pages;
  if (delta) applyDelta(machine, delta);
  await loadDeviceState(machine, join(core.context.store.dirOf(manifest.id), SNAPSHOT_FILES.state), "run");
}

async function identify(core: VmCore, machine: Machine, mark: (phase: string) => void): Promise<void> {
  machine.phase = "waiting for the guest's first answer";
  core.forkId = randomUUID();
  await machine.guard(core.agent.request({ op: "ping" }, { timeoutMs: FIRST_ANSWER_TIMEOUT_MS }));
  mark("wake");
  await machine.guard(sendIdentity(core.agent, core.forkId, { timeoutMs: FIRST_ANSWER_TIMEOUT_MS }));
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new SpectestError("CANCELLED", { what: "cancelled", cause: signal.reason });
}
