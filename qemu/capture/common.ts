import { link } from "node:fs/promises";
import { join } from "node:path";
import { stopwatch } from "../../src/platform/index.ts";
import { sendIdentity } from "../agent/handshake.ts";
import type { VmCore } from "../instance/core.ts";
import { overlayOfSnapshot } from "../instance/disks.ts";
import { type Composition, composeManifest } from "../snapshot/compose.ts";
import { SNAPSHOT_FILES } from "../snapshot/manifest.ts";
import type { CaptureOptions, PhaseTimings, SnapshotInfo } from "../types.ts";

/** Measures phases; each `mark` names what was done since the last one. */
export function phaseClock(): { mark: (name: string) => number; timings: PhaseTimings } {
  const timings: PhaseTimings = {};
  let lap = stopwatch();
  return {
    timings,
    mark(name) {
      const elapsed = Math.round(lap() * 100) / 100;
      timings[name] = elapsed;
      lap = stopwatch();
      return elapsed;
    },
  };
}

/** Runs a capture's steps in a new snapshot directory, which goes again when they fail. */
export async function inNewSnapshot<T>(core: VmCore, steps: (id: string, dir: string) => Promise<T>): Promise<T> {
  const { store } = core.context;
  const { id, dir } = await store.begin();
  try {
    return await steps(id, dir);
  } catch (error) {
    await store.abandon(id);
    throw error;
  }
}

/** Lets the disk's present overlay be the snapshot's as well, and prepares the empty one that every fork copies. */
export async function freezeDisk(core: VmCore, id: string, dir: string): Promise<void> {
  await Promise.all([
    link(core.disk.path, join(dir, SNAPSHOT_FILES.disk)),
    overlayOfSnapshot(core.context.paths, id, join(dir, SNAPSHOT_FILES.overlay), core.diskBytes),
  ]);
}

export async function publish(core: VmCore, options: CaptureOptions, made: Composition): Promise<SnapshotInfo> {
  const { store, aside } = core.context;
  const snapshot = await store.publish(await composeManifest(core, options, made));
  aside(store.seal(made.id));
  return snapshot;
}

/** The guest's clock stood still during the pause; it is told the time again. */
export async function correctClock(core: VmCore): Promise<void> {
  await core.machine.guard(sendIdentity(core.agent, core.forkId));
}
