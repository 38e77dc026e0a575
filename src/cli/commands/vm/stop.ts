import { setTimeout as sleep } from "node:timers/promises";
import { SpectestError } from "../../../errors/index.ts";
import type { Handler } from "../../context.ts";
import { findVm, withEngine, type VmEngine } from "./engine.ts";

const LIMIT_MS = 15_000;
const POLL_MS = 100;

/** The machine belongs to another process: its QEMU is asked to end, and its owner or the next `gc` tidies up. */
export const run: Handler = (input, context) =>
  withEngine(context, async (engine) => {
    const vm = await findVm(engine, input.requiredArg("vm"));
    if (vm.pid !== undefined) {
      terminate(vm.pid);
      if (!(await gone(engine, vm.id)))
        throw new SpectestError("VM_TIMEOUT", { what: `machine ${vm.id} (pid ${vm.pid}) did not end in ${LIMIT_MS / 1000} s` });
    }
    if (context.json) context.io.json({ schemaVersion: 1, stopped: vm.id });
    else context.io.say(`machine ${vm.id} is stopped`);
    return 0;
  });

function terminate(pid: number): void {
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
