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

/**
 * By id, by a name that only one has, or by a beginning of an id that only one has.
 *
 * @throws USAGE when several have the name.
 */
export function pick<T extends { id: string; name?: string }>(items: readonly T[], wanted: string): T | undefined {
  const named = items.filter((item) => item.name === wanted);
  const exact = items.find((item) => item.id === wanted) ?? named[0];
  if (named.length > 1 && exact === named[0]) {
    const ids = named.map((item) => item.id).join(", ");
    throw new SpectestError("USAGE", { what: `several are called "${wanted}"`, value: wanted, hint: `name one by its id: ${ids}` });
  }
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

export type RemoteVm = Awaited<ReturnType<Orchestrator["attachVm"]>>;

/** Talks to the process that holds a machine, until `fn` is done or the command is cancelled. */
export async function withHolder<T>(
  context: CommandContext,
  wanted: string,
  fn: (vm: RemoteVm, engine: VmEngine) => Promise<T>,
): Promise<T> {
  const { attachVm } = await context.orchestrator();
  return withEngine(context, async (engine) => {
    const { id } = await findVm(engine, wanted);
    const vm = await attachVm(engine, id);
    const letGo = (): void => vm.close();
    context.interrupts.signal.addEventListener("abort", letGo, { once: true });
    try {
      return await fn(vm, engine);
    } finally {
      context.interrupts.signal.removeEventListener("abort", letGo);
      vm.close();
    }
  });
}
