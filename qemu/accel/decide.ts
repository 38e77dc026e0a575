import type { Accelerator, AcceleratorName } from "../types.ts";

/** What a trial guest under one accelerator came to. */
export type TrialOutcome =
  | { result: "passed"; ms: number }
  | { result: "timeout"; limitMs: number }
  | { result: "failed"; detail: string }
  | { result: "absent"; detail: string };

export interface Evidence {
  platform: NodeJS.Platform;
  /** What the user asked for, and where. */
  wanted?: { name: AcceleratorName; by: string };
  /** Trials made; those not made are missing. */
  trials: Partial<Record<AcceleratorName, TrialOutcome>>;
}

/** The hardware accelerator this platform could have. */
export function candidate(platform: NodeJS.Platform): AcceleratorName | undefined {
  if (platform === "linux") return "kvm";
  return platform === "darwin" ? "hvf" : undefined;
}

/** Under emulation: an x86-64-v2 level, 25-40 % faster than QEMU's "max". */
export function cpuModelOf(name: AcceleratorName): string {
  return name === "tcg" ? "Nehalem" : "host";
}

/** Chooses by what was seen, and says it in one sentence; pure. */
export function decideAccelerator({ platform, wanted, trials }: Evidence): Accelerator {
  if (wanted) return accelerator(wanted.name, `${wanted.name} was asked for by ${wanted.by}`);
  const hardware = candidate(platform);
  if (!hardware) return accelerator("tcg", `no hardware accelerator is known for ${platform}, so guests are emulated`);
  const trial = trials[hardware];
  if (trial?.result === "passed") return accelerator(hardware, `a trial guest ran under ${hardware} in ${Math.round(trial.ms)} ms`);
  return accelerator("tcg", `${whyNot(hardware, trial)}, so guests are emulated`);
}

function whyNot(name: AcceleratorName, trial: TrialOutcome | undefined): string {
  switch (trial?.result) {
    case "timeout":
      return `${name} is there, but a trial guest did not finish in ${trial.limitMs / 1000} s`;
    case "failed":
      return `${name} is there, but a trial guest failed under it (${trial.detail})`;
    case "absent":
      return trial.detail;
    case undefined:
    case "passed":
      return `${name} was not tried`;
  }
}

function accelerator(name: AcceleratorName, reason: string): Accelerator {
  return { name, reason, cpuModel: cpuModelOf(name) };
}
