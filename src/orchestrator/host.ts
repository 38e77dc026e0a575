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
export async function prepareBase(options: { home: string; onEvent: EventListener; signal: AbortSignal }): Promise<{ snapshotId: string }> {
  const run = new RunContext({ runId: runId(), signal: options.signal, onEvent: options.onEvent });
  try {
    const engine = await openStore(run, options, { command: "up", projectDir: "" });
    const base = await ensureBase(run, engine, await readDaemonFiles());
    return { snapshotId: base.snapshot.id };
  } finally {
    await run.scope.close();
  }
}
