import { SpectestError } from "../../../errors/index.ts";
import { shortId } from "../../../platform/ids.ts";
import type { CommandContext } from "../../context.ts";
import { serveVm, type VmRequest } from "./control.ts";
import type { Vm } from "./engine.ts";

/** Keeps a machine until Ctrl-C, `vm stop` or its own end, and stops it. Meanwhile `vm capture` can reach it. */
export async function keepRunning(context: CommandContext, vm: Vm): Promise<number> {
  const { io, json, interrupts, home } = context;
  let stopRequested = (): void => undefined;
  const stopped = new Promise<undefined>((resolve) => {
    stopRequested = () => resolve(undefined);
  });
  if (interrupts.signal.aborted) stopRequested();
  interrupts.signal.addEventListener("abort", stopRequested, { once: true });
  const control = await serveVm(home, vm.id, (request) => handle(vm, request, stopRequested));
  if (json) io.json({ schemaVersion: 1, vm: vm.info });
  else io.say(`machine ${vm.id} runs (pid ${vm.info.pid ?? "?"}); Ctrl-C or \`spectest vm stop ${vm.id}\` stops it`);
  try {
    const exit = await Promise.race([vm.exited, stopped]);
    if (exit && !exit.expected && exit.code !== 0) {
      const last = exit.stderrTail || exit.serialTail || `exit ${exit.code ?? exit.signal ?? "?"}`;
      throw new SpectestError("VM_DEAD", { what: `machine ${vm.id} ended unexpectedly: ${last}` });
    }
    return interrupts.exitCode ?? 0;
  } finally {
    await vm.stop("shutdown");
    await control.close();
  }
}

async function handle(vm: Vm, request: VmRequest, stop: () => void): Promise<unknown> {
  if (request.op === "stop") {
    stop();
    return { stopping: vm.id };
  }
  const { name, then } = request;
  // Every capture on request is a snapshot of its own: there is nothing to reuse it by.
  const result = await vm.capture({ key: `manual-${vm.id}-${shortId()}`, then, ...(name === undefined ? {} : { name }) });
  if (then === "stop") stop();
  return result;
}
