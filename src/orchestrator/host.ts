/** `setup`, `doctor`, `gc`, `bench` and `vm`: the machine-wide side, without a project. */
import { openEngine, type VmEngine } from "../../qemu/index.ts";
import type { EventListener } from "../events/types.ts";
import { runId } from "../platform/index.ts";
import { readDaemonFiles } from "./daemon-files.ts";
import { ensureBase } from "./layers.ts";
import { RunContext } from "./run-context.ts";
import { openStore } from "./store.ts";

export function openVms(options: { home: string }): Promise<VmEngine> {
  return openEngine({ home: options.home });
}

/** Builds the guest image and the base template unless they are there. Missing host programs are the caller's business, before. */
export async function prepareHost(options: { home: string; onEvent: EventListener; signal: AbortSignal; yes: boolean }): Promise<void> {
  const run = new RunContext({ runId: runId(), signal: options.signal, onEvent: options.onEvent });
  try {
    const engine = await openStore(run, options, { command: "up", projectDir: "" });
    await ensureBase(run, engine, await readDaemonFiles());
  } finally {
    await run.scope.close();
  }
}

/** Removes dead machines, unfinished captures and snapshots beyond the budget. */
export async function collectGarbage(options: {
  home: string;
  signal: AbortSignal;
}): Promise<{ removed: { kind: string; id: string; bytes: number }[] }> {
  const engine = await openEngine({ home: options.home });
  try {
    const removed: { kind: string; id: string; bytes: number }[] = [];
    const listed = await engine.snapshots.list();
    for (const snapshot of listed.filter(({ labels }) => labels.layer === "test")) {
      options.signal.throwIfAborted();
      await engine.snapshots.remove(snapshot.id);
      removed.push({ kind: "snapshot", id: snapshot.id, bytes: snapshot.sizeBytes });
    }
    return { removed };
  } finally {
    await engine.close();
  }
}
