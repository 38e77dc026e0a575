import { setTimeout as sleep } from "node:timers/promises";
import { isSpectestError, SpectestError } from "../../../errors/index.ts";
import type { Handler } from "../../context.ts";
import { findVm, type VmEngine, type VmInfo, withEngine } from "./engine.ts";

const LIMIT_MS = 15_000;
const POLL_MS = 100;

export const run: Handler = (input, context) =>
  withEngine(context, async (engine) => {
    const { attachVm } = await context.orchestrator();
    const info = await findVm(engine, input.requiredArg("vm"));
    const vm = await attachVm(engine, info.id).catch((error: unknown) => {
      if (isSpectestError(error, "VM_STATE") || isSpectestError(error, "VM_TIMEOUT")) return undefined;
      throw error;
    });
    if (vm) await vm.stop(input.flag("now") ? "kill" : "shutdown").finally(() => vm.close());
    else await terminate(engine, info);
    if (context.json) context.io.json({ schemaVersion: 1, stopped: info.id });
    else context.io.say(`machine ${info.id} is stopped`);
    return 0;
  });

/** Its holder takes no commands (a run of tests, a machine still booting): QEMU is asked to end, and the holder or the next start tidies up. */
async function terminate(engine: VmEngine, vm: VmInfo): Promise<void> {
  if (vm.pid === undefined) throw new SpectestError("VM_STATE", { what: `machine ${vm.id} is ${vm.state} and has no process yet` });
  try {
    process.kill(vm.pid, "SIGTERM");
  } catch {
    // Gone already.
  }
  for (let waitedMs = 0; waitedMs < LIMIT_MS; waitedMs += POLL_MS) {
    const now = (await engine.list()).find((each) => each.id === vm.id);
    if (!now || now.state === "stopped" || now.state === "failed") return;
    await sleep(POLL_MS);
  }
  throw new SpectestError("VM_TIMEOUT", { what: `machine ${vm.id} (pid ${vm.pid}) did not end in ${LIMIT_MS / 1000} s` });
}
