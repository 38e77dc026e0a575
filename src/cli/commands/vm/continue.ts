/** `vm fork` and `vm resume`: a snapshot, or a running machine as it is now, continued in a machine of its own. */
import type { CommandContext, Orchestrator } from "../../context.ts";
import type { Input } from "../../input.ts";
import { findSnapshot, pick, type SnapshotInfo, type VmEngine } from "./engine.ts";
import { given, hold } from "./holder.ts";

type ForkOptions = NonNullable<Parameters<VmEngine["fork"]>[1]>;

export function continueSnapshot(input: Input, context: CommandContext, verb: "fork" | "resume", options: ForkOptions): Promise<number> {
  const wanted = input.requiredArg("snapshot");
  const name = input.text("name");
  return hold(input, context, {
    words: [verb, wanted, ...given(input, "name", ...(verb === "fork" ? ["network"] : []))],
    async check(engine) {
      if (!(await machineCalled(engine, wanted))) await findSnapshot(engine, wanted);
    },
    async bringUp(engine) {
      const { attachVm } = await context.orchestrator();
      const { id } = await snapshotOf(engine, attachVm, wanted);
      return engine.fork(id, { ...options, signal: context.interrupts.signal, ...(name === undefined ? {} : { name }) });
    },
  });
}

async function snapshotOf(engine: VmEngine, attachVm: Orchestrator["attachVm"], wanted: string): Promise<Pick<SnapshotInfo, "id">> {
  const machine = await machineCalled(engine, wanted);
  if (!machine) return findSnapshot(engine, wanted);
  const vm = await attachVm(engine, machine.id);
  try {
    return (await vm.capture()).snapshot;
  } finally {
    vm.close();
  }
}

/** Snapshots go first: a machine is meant only where no snapshot is called so. */
async function machineCalled(engine: VmEngine, wanted: string): Promise<{ id: string } | undefined> {
  const isSnapshot = pick(await engine.snapshots.list(), wanted) !== undefined;
  return isSnapshot ? undefined : pick(await engine.list(), wanted);
}
