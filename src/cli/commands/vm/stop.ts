import { setTimeout as sleep } from "node:timers/promises";
import { isSpectestError, SpectestError } from "../../../errors/index.ts";
import type { Handler } from "../../context.ts";
import { askVm } from "./control.ts";
import { findVm, withEngine, type VmEngine, type VmInfo } from "./engine.ts";

const LIMIT_MS = 30_000;
const POLL_MS = 100;

/** Asks the process that keeps the machine. Where nobody does, its QEMU is asked to end; the engine tidies up after it. */
export const run: Handler = (input, context) =>
  withEngine(context, async (engine) => {
    const vm = await findVm(engine, input.requiredArg("vm"));
    await askVm(context.home, vm.id, { op: "stop" }).catch((error: unknown) => {
      if (!isSpectestError(error, "VM_STATE")) throw error;
      terminate(vm);
    });
    if (!(await gone(engine, vm.id))) {
      throw new SpectestError("VM_TIMEOUT", { what: `machine ${vm.id} (pid ${vm.pid ?? "?"}) did not end in ${LIMIT_MS / 1000} s` });
    }
    if (context.json) context.io.json({ schemaVersion: 1, stopped: vm.id });
    else context.io.say(`machine ${vm.id} is stopped`);
    return 0;
  });

function terminate({ pid }: VmInfo): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, "SIGTERM");
  } catch {
    // Gone already.
  }
}

async function gone(engine: VmEngine, id: string): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < LIMIT_MS; waitedMs += POLL_MS) {
    const vm = (await engine.list()).find((each) => each.id === id);
    if (!vm || vm.state === "stopped" || vm.state === "failed") return true;
    await sleep(POLL_MS);
  }
  return false;
}
