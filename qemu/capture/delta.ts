import { join } from "node:path";
import { SpectestError } from "../../src/errors/index.ts";
import { stopwatch } from "../../src/platform/index.ts";
import type { VmCore } from "../instance/core.ts";
import { overlayOfSnapshot } from "../instance/disks.ts";
import { overlayOptions } from "../layout/args.ts";
import { SNAPSHOT_FILES } from "../snapshot/manifest.ts";
import type { CaptureOptions, CaptureResult } from "../types.ts";
import { correctClock, freezeDisk, inNewSnapshot, phaseClock, publish } from "./common.ts";
import { type Delta, writeDeltaFile } from "./deltaFile.ts";
import { saveDeviceState } from "./deviceState.ts";
import { mappingsOf } from "./mappings.ts";
import { PAGE_BYTES, pagesIn, privateRuns } from "./pagemap.ts";
import { readPages } from "./processMemory.ts";

/**
 * Captures a machine that maps a template's RAM privately: only the pages it has written to are stored. The guest stands
 * still while they are copied into memory; they go to the disk when it runs again.
 */
export function captureDelta(core: VmCore, options: CaptureOptions, running: boolean): Promise<CaptureResult> {
  const template = core.templateId;
  if (template === undefined) throw new SpectestError("INTERNAL", { what: `machine ${core.record.id} has no template to differ from` });
  return inNewSnapshot(core, async (id, dir) => {
    const clock = phaseClock();
    const goesOn = options.then !== "stop";
    await freezeDisk(core, id, dir);
    const overlay = goesOn ? await addOverlay(core, id) : undefined;
    clock.mark("prepare");

    const { delta, pauseMs } = await copyWhilePaused(core, clock.mark, join(dir, SNAPSHOT_FILES.state), overlay, running && goesOn);

    const parent = core.record.basis;
    core.record.basis = id;
    if (overlay) core.disk = overlay;
    if (!goesOn) await end(core);
    core.save();
    const deltaBytes = await writeDeltaFile(join(dir, SNAPSHOT_FILES.delta), delta);
    clock.mark("write");
    const deltaPages = pagesIn(delta.runs);
    const snapshot = await publish(core, options, { id, dir, kind: "delta", parent, template, deltaPages });
    clock.mark("publish");
    if (goesOn && running) await correctClock(core);
    return { snapshot, pauseMs, timings: clock.timings, dirtyMib: (deltaPages * PAGE_BYTES) / 1024 / 1024, deltaBytes };
  });
}

async function end(core: VmCore): Promise<void> {
  core.move("stopping");
  await core.machine.process.kill();
}

/** Opens the disk's next overlay in QEMU; it goes on top inside the pause. */
async function addOverlay(core: VmCore, id: string): Promise<{ path: string; node: string }> {
  const overlay = core.nextOverlay();
  await overlayOfSnapshot(core.context.paths, id, overlay.path, core.diskBytes);
  const { machine } = core;
  await machine.guard(machine.qmp.execute("blockdev-add", { "node-name": overlay.node, ...overlayOptions(overlay.path), backing: null }));
  return overlay;
}

async function copyWhilePaused(
  core: VmCore,
  mark: (phase: string) => void,
  statePath: string,
  overlay: { node: string } | undefined,
  resume: boolean,
): Promise<{ delta: Delta; pauseMs: number }> {
  const { machine } = core;
  const mappings = mappingsOf(machine.pid, machine.spec.files.ramPath);
  const pause = stopwatch();
  core.control?.hold();
  try {
    await machine.guard(machine.qmp.execute("stop"));
    mark("stop");
    await saveDeviceState(machine, statePath, overlay === undefined);
    mark("save");
    const frozen = overlay && machine.guard(machine.qmp.execute("blockdev-snapshot", { node: core.disk.node, overlay: overlay.node }));
    const runs = privateRuns(machine.pid, mappings);
    mark("scan");
    const pages = readPages(machine.pid, mappings, runs);
    mark("copy");
    await frozen;
    mark("disk");
    if (resume) await machine.guard(machine.qmp.execute("cont"));
    mark("cont");
    return { delta: { runs, pages }, pauseMs: pause() };
  } catch (error) {
    if (resume && !machine.process.ended) await machine.qmp.execute("cont").catch(() => undefined);
    throw error;
  } finally {
    core.control?.release();
  }
}
