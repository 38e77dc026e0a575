import { randomUUID } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { stopwatch } from "../../src/platform/index.ts";
import { AgentClient } from "../agent/client.ts";
import { sendIdentity } from "../agent/handshake.ts";
import { phaseClock } from "../capture/common.ts";
import type { EngineContext } from "../context.ts";
import { throwIfAborted } from "../fork/fork.ts";
import type { VmCore } from "../instance/core.ts";
import { createVm, discardVm } from "../instance/create.ts";
import { overlayOfImage } from "../instance/disks.ts";
import { MACHINE_TYPE } from "../layout/layout.ts";
import type { Machine } from "../process/machine.ts";
import type { BootOptions, ImageInfo, OnProgress } from "../types.ts";
import { followSerial } from "./serial.ts";

const AGENT_TIMEOUT_MS = 180_000;
const DOCKER_TIMEOUT_MS = 240_000;

/**
 * Boots an image with a RAM file of its own, so that the machine can be captured as a template. Resolves when the agent
 * has answered and Docker is up.
 *
 * @throws VM_DEAD, VM_TIMEOUT (with the serial port's last lines), CANCELLED
 */
export async function bootVm(context: EngineContext, image: ImageInfo, options: BootOptions): Promise<VmCore> {
  throwIfAborted(options.signal);
  const total = stopwatch();
  const clock = phaseClock();
  const { accelerator } = context.host;
  const memoryMib = options.memoryMib ?? 2048;
  const { size: diskBytes } = await stat(image.diskPath);
  const core = await createVm({
    context,
    image,
    diskBytes,
    layout: { machine: MACHINE_TYPE, accelerator: accelerator.name, cpuModel: accelerator.cpuModel, cpus: options.cpus ?? 2, memoryMib },
    network: "open",
    name: options.name,
    labels: options.labels ?? {},
  });
  const onAbort = (): void => void (core.hasMachine && core.machine.process.kill());
  options.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    core.move("booting");
    const machine = await startFresh(core, memoryMib);
    core.adopt(machine);
    clock.mark("start");
    await awaitGuest(core, machine, clock.mark, options.onProgress);
    core.record.timings = { ...clock.timings, total: Math.round(total()) };
    machine.phase = "running";
    core.move("running");
    return core;
  } catch (error) {
    await discardVm(core);
    throwIfAborted(options.signal);
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
  }
}

async function startFresh(core: VmCore, memoryMib: number): Promise<Machine> {
  const ramPath = join(core.dir, "ram");
  const ram = await open(ramPath, "wx", 0o600);
  await ram.truncate(memoryMib * 1024 * 1024);
  await ram.close();
  const { path: diskPath } = core.nextOverlay();
  await overlayOfImage(core.context.paths, core.image.diskPath, diskPath, core.diskBytes);
  return core.start({ ramPath, diskPath }, { ram: "shared", incoming: false });
}

async function awaitGuest(core: VmCore, machine: Machine, mark: (phase: string) => number, onProgress?: OnProgress): Promise<void> {
  const stopFollowing = await followSerial(machine, (detail) => onProgress?.({ phase: machine.phase, detail }));
  try {
    machine.phase = "booting the guest";
    onProgress?.({ phase: machine.phase });
    const agent = new AgentClient(await machine.connect("agent.sock"), core.record.id);
    core.useAgent(agent);
    await machine.guard(firstAnswer(agent), AGENT_TIMEOUT_MS);
    mark("kernel");
    machine.phase = "waiting for Docker in the guest";
    onProgress?.({ phase: machine.phase });
    const ready = new AbortController();
    await machine.guard(dockerReady(agent, ready.signal), DOCKER_TIMEOUT_MS).finally(() => ready.abort());
    mark("docker");
    core.forkId = randomUUID();
    await machine.guard(sendIdentity(agent, core.forkId));
  } finally {
    stopFollowing();
  }
}

/** The port has a buffer: a request sent before the agent runs is answered when it does. */
async function firstAnswer(agent: AgentClient): Promise<void> {
  await agent.request({ op: "ping" }, { timeoutMs: 2 * AGENT_TIMEOUT_MS });
}

async function dockerReady(agent: AgentClient, signal: AbortSignal): Promise<void> {
  const announced = agent.waitEvent("docker-ready", signal);
  announced.catch(() => undefined);
  const { docker } = await agent.request({ op: "status" });
  if (docker !== true) await announced;
}
