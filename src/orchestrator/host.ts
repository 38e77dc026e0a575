/** The machine-wide side, without a project: `setup`, `gc`, `bench` and `vm`. */
import {
  checkHost,
  DEFAULT_BUDGET_BYTES,
  type HostCheck,
  installMissing,
  openEngine,
  trimSnapshots,
  type VmEngine,
} from "../../qemu/index.ts";
import type { EventListener } from "../events/types.ts";
import { runId } from "../platform/index.ts";
import { readDaemonFiles } from "./daemon-files.ts";
import { type BaseLayer, ensureBase } from "./layers.ts";
import { RunContext } from "./run-context.ts";
import { openStore } from "./store.ts";

export function openVms(options: { home: string }): Promise<VmEngine> {
  return openEngine({ home: options.home });
}

/** Host programs that are missing or too old, all of them at once. */
export async function missingOnHost(): Promise<HostCheck[]> {
  return (await checkHost()).filter((check) => !check.ok);
}

export interface PrepareOptions {
  home: string;
  onEvent: EventListener;
  signal: AbortSignal;
  /** Called with each line of the installation of host programs. */
  onInstall: (line: string) => void;
}

/** Installs what the host lacks, then builds the guest image and the base template, each unless it is there. */
export async function prepareHost(options: PrepareOptions): Promise<void> {
  await installMissing({ signal: options.signal, onOutput: options.onInstall });
  await withBase(options, async () => undefined);
}

/** Runs work with an open engine and the base template. */
export async function withBase<T>(
  options: { home: string; signal: AbortSignal; onEvent?: EventListener },
  work: (engine: VmEngine, base: BaseLayer) => Promise<T>,
): Promise<T> {
  const run = new RunContext({ runId: runId(), signal: options.signal, onEvent: options.onEvent ?? (() => undefined) });
  try {
    const engine = await openStore(run, options, { command: "up", projectDir: "" });
    return await work(engine, await ensureBase(run, engine, await readDaemonFiles()));
  } finally {
    await run.scope.close();
  }
}

export interface GarbageOptions {
  home: string;
  signal: AbortSignal;
  /** What snapshots may take; default 20 GiB. */
  budgetBytes?: number;
}

/** Opening the store removes dead machines and unfinished captures; what is left is trimmed to the budget. */
export async function collectGarbage(options: GarbageOptions): Promise<{ removed: { kind: string; id: string; bytes: number }[] }> {
  const engine = await openEngine({ home: options.home });
  try {
    const removed = await trimSnapshots(engine.snapshots, options.budgetBytes ?? DEFAULT_BUDGET_BYTES);
    return { removed: removed.map(({ id, sizeBytes }) => ({ kind: "snapshot", id, bytes: sizeBytes })) };
  } finally {
    await engine.close();
  }
}
