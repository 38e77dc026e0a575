import { openEngine, type VmEngine } from "../../qemu/index.ts";
import { EVENTS_SCHEMA_VERSION, type RunStarted } from "../events/types.ts";
import type { RunContext } from "./run-context.ts";
import type { SessionOptions } from "./types.ts";

/** Opens the machine store for one run, closed with it, and announces the run. */
export async function openStore(
  run: RunContext,
  options: Pick<SessionOptions, "home" | "accelerator" | "qemuPath">,
  about: Pick<RunStarted, "command" | "projectDir">,
): Promise<VmEngine> {
  const engine = await openEngine({
    home: options.home,
    ...(options.accelerator === undefined ? {} : { accelerator: options.accelerator }),
    ...(options.qemuPath === undefined ? {} : { qemuPath: options.qemuPath }),
  });
  run.scope.defer("close the machine store", () => engine.close());
  const { accelerator } = await engine.host();
  run.emit({
    type: "run-started",
    schemaVersion: EVENTS_SCHEMA_VERSION,
    runId: run.runId,
    startedAt: new Date().toISOString(),
    accel: accelerator.name,
    accelReason: accelerator.reason,
    ...about,
  });
  return engine;
}
