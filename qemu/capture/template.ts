import { link, unlink } from "node:fs/promises";
import type { Socket } from "node:net";
import { join } from "node:path";
import { stopwatch } from "../../src/platform/index.ts";
import type { VmCore } from "../instance/core.ts";
import { overlayOfSnapshot } from "../instance/disks.ts";
import type { Machine } from "../process/machine.ts";
import { SNAPSHOT_FILES } from "../snapshot/manifest.ts";
import type { CaptureOptions, CaptureResult } from "../types.ts";
import { correctClock, freezeDisk, inNewSnapshot, phaseClock, publish } from "./common.ts";
import { loadDeviceState, saveDeviceState } from "./deviceState.ts";

/** The process a machine moves into, with its connections made. */
interface Successor {
  machine: Machine;
  agent: Socket;
  control: Socket | undefined;
}

/**
 * Captures a machine that writes to a RAM file of its own. That file becomes the template's, so the machine must let go
 * of it: either it ends, or it moves into another QEMU process that maps the file privately. That process is started
 * beforehand and only has to load the device state inside the pause.
 */
export function captureTemplate(core: VmCore, options: CaptureOptions, running: boolean): Promise<CaptureResult> {
  return inNewSnapshot(core, async (id, dir) => {
    const clock = phaseClock();
    if (running) await quiesce(core);
    clock.mark("quiesce");
    const ramPath = join(dir, SNAPSHOT_FILES.ram);
    const ownRam = core.machine.spec.files.ramPath;
    await Promise.all([freezeDisk(core, id, dir), link(ownRam, ramPath)]);
    const successor = options.then === "stop" ? undefined : await startSuccessor(core, id, ramPath);
    clock.mark("prepare");

    const old = core.machine;
    const pauseMs = await handOver(core, clock.mark, successor, join(dir, SNAPSHOT_FILES.state), running);

    const parent = core.record.basis;
    core.record.basis = id;
    if (successor) settleIn(core, successor, id);
    else core.move("stopping");
    await old.process.kill();
    await unlink(ownRam);
    clock.mark("letGo");
    const snapshot = await publish(core, options, { id, dir, kind: "template", parent, template: undefined });
    clock.mark("publish");
    if (successor && running) await correctClock(core);
    return { snapshot, pauseMs, timings: clock.timings };
  });
}

/** Everything to the disk and nothing clean in memory, so that the template carries no page cache. */
async function quiesce(core: VmCore): Promise<void> {
  await core.agent.idle();
  await core.machine.guard(core.agent.request({ op: "quiesce" }));
}

async function startSuccessor(core: VmCore, id: string, ramPath: string): Promise<Successor> {
  const overlay = core.nextOverlay();
  await overlayOfSnapshot(core.context.paths, id, overlay.path, core.diskBytes);
  const machine = await core.start({ ramPath, diskPath: overlay.path }, { ram: "private", incoming: true });
  machine.phase = "taking over the guest";
  const agent = await machine.connect("agent.sock");
  return { machine, agent, control: core.control ? await machine.connect("control.sock") : undefined };
}

/** The pause itself. When anything in it fails, the old process goes on as if nothing had happened. */
async function handOver(
  core: VmCore,
  mark: (phase: string) => void,
  successor: Successor | undefined,
  statePath: string,
  running: boolean,
): Promise<number> {
  const old = core.machine;
  const pause = stopwatch();
  try {
    core.control?.hold();
    await old.guard(old.qmp.execute("stop"));
    mark("stop");
    await saveDeviceState(old, statePath, true);
    mark("save");
    if (successor) await loadDeviceState(successor.machine, statePath, running ? "run" : "pause");
    mark("takeOver");
    return pause();
  } catch (error) {
    await successor?.machine.process.kill();
    if (running && !old.process.ended) await old.qmp.execute("cont").catch(() => undefined);
    core.control?.release();
    throw error;
  }
}

function settleIn(core: VmCore, { machine, agent, control }: Successor, templateId: string): void {
  core.adopt(machine);
  core.templateId = templateId;
  machine.phase = "running";
  core.agent.rebind(agent);
  if (!core.control || !control) return;
  // The old socket's last bytes come first; its end comes with the old process's.
  const channel = core.control;
  void channel.rebind(control).then(() => channel.release());
}
