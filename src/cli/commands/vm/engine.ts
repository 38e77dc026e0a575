import { SpectestError } from "../../../errors/index.ts";
import type { CommandContext, Orchestrator } from "../../context.ts";
import { suggest } from "../../suggest.ts";

export type VmEngine = Awaited<ReturnType<Orchestrator["openVms"]>>;
export type VmInfo = Awaited<ReturnType<VmEngine["list"]>>[number];
export type SnapshotInfo = Awaited<ReturnType<VmEngine["snapshots"]["list"]>>[number];
export type Vm = Awaited<ReturnType<VmEngine["fork"]>>;

export async function withEngine<T>(context: CommandContext, fn: (engine: VmEngine) => Promise<T>): Promise<T> {
  const { openVms } = await context.orchestrator();
  const engine = await openVms({ home: context.home });
  try {
    return await fn(engine);
  } finally {
    await engine.close();
  }
}

/** By id, name, or a beginning of an id that only one has. */
export function pick<T extends { id: string; name?: string }>(items: readonly T[], wanted: string): T | undefined {
  const exact = items.find((item) => item.id === wanted) ?? items.find((item) => item.name === wanted);
  const starting = items.filter((item) => item.id.startsWith(wanted));
  return exact ?? (starting.length === 1 ? starting[0] : undefined);
}

export async function findSnapshot(engine: VmEngine, wanted: string): Promise<SnapshotInfo> {
  const snapshots = await engine.snapshots.list();
  const found = pick(snapshots, wanted);
  if (found) return found;
  throw new SpectestError("SNAPSHOT_NOT_FOUND", {
    what: `there is no snapshot "${wanted}"`,
    value: wanted,
    hint: nearest(wanted, snapshots),
  });
}

export async function findVm(engine: VmEngine, wanted: string): Promise<VmInfo> {
  const vms = await engine.list();
  const found = pick(vms, wanted);
  if (found) return found;
  throw new SpectestError("VM_NOT_FOUND", { what: `there is no machine "${wanted}"`, value: wanted, hint: nearest(wanted, vms) });
}

function nearest(wanted: string, items: readonly { id: string; name?: string }[]): string {
  const near = suggest(
    wanted,
    items.flatMap(({ id, name }) => (name === undefined ? [id] : [name, id])),
  );
  return near[0] === undefined ? "spectest vm ls" : `did you mean ${near[0]}?`;
}
