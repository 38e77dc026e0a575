import { constants } from "node:fs";
import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isSpectestError } from "../../src/errors/index.ts";
import { run, stopwatch } from "../../src/platform/index.ts";
import type { AcceleratorName } from "../types.ts";
import { cpuModelOf, type TrialOutcome } from "./decide.ts";
import { DEBUG_EXIT_DEVICE, PASSED_EXIT_CODE, trialFirmware } from "./trialProgram.ts";

const LIMIT_MS = 3_000;

/** Runs the trial guest under one accelerator, with the CPU model real guests get. Never throws for a guest that fails. */
export async function runTrial(qemuPath: string, name: AcceleratorName): Promise<TrialOutcome> {
  if (name === "kvm") {
    const denied = await kvmDenied();
    if (denied) return { result: "absent", detail: denied };
  }
  const dir = await mkdtemp(join(tmpdir(), "spectest-trial-"));
  try {
    const firmware = join(dir, "trial.bin");
    await writeFile(firmware, trialFirmware());
    const lap = stopwatch();
    const { exitCode, stderr } = await run(qemuPath, trialArgs(name, firmware), { timeoutMs: LIMIT_MS });
    if (exitCode === PASSED_EXIT_CODE) return { result: "passed", ms: lap() };
    return { result: "failed", detail: stderr.split("\n")[0] || `exit code ${exitCode}` };
  } catch (error) {
    if (isSpectestError(error, "TIMEOUT")) return { result: "timeout", limitMs: LIMIT_MS };
    throw error;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function trialArgs(name: AcceleratorName, firmware: string): string[] {
  return [
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"],
    ...["-machine", "q35", "-accel", name, "-cpu", cpuModelOf(name), "-m", "64M"],
    ...["-bios", firmware, "-device", DEBUG_EXIT_DEVICE],
  ];
}

async function kvmDenied(): Promise<string | undefined> {
  try {
    await access("/dev/kvm", constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    return missing ? "/dev/kvm does not exist" : "/dev/kvm may not be opened by this user";
  }
}
