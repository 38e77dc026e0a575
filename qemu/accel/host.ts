import { cpus, release, totalmem } from "node:os";
import { z } from "zod";
import { SpectestError } from "../../src/errors/index.ts";
import { readTextIfExists, run, writeFileAtomic } from "../../src/platform/index.ts";
import { hostBootId } from "../snapshot/bootId.ts";
import type { Accelerator, AcceleratorName, EngineOptions, HostFacts } from "../types.ts";
import { candidate, decideAccelerator } from "./decide.ts";
import { runTrial } from "./trial.ts";

export const DEFAULT_QEMU = "qemu-system-x86_64";
const NAMES: readonly AcceleratorName[] = ["kvm", "hvf", "tcg"];

const memoSchema = z.object({
  fingerprint: z.string(),
  accelerator: z.object({ name: z.enum(["kvm", "hvf", "tcg"]), reason: z.string(), cpuModel: z.string() }),
});

/** Finds out once what this host can do. The trial's answer is remembered until QEMU, the kernel or the boot changes. */
export async function hostFacts(options: EngineOptions, memoPath: string): Promise<HostFacts> {
  const qemuPath = options.qemuPath ?? process.env.SPECTEST_QEMU ?? DEFAULT_QEMU;
  const qemuVersion = await qemuVersionOf(qemuPath);
  return {
    accelerator: await chooseAccelerator(options, qemuPath, qemuVersion, memoPath),
    qemuPath,
    qemuVersion,
    kernel: release(),
    cores: cpus().length,
    memoryMib: Math.floor(totalmem() / 1024 / 1024),
  };
}

async function chooseAccelerator(options: EngineOptions, qemuPath: string, qemuVersion: string, memoPath: string): Promise<Accelerator> {
  const wanted = wantedAccelerator(options.accelerator, process.env.SPECTEST_ACCEL);
  const { platform } = process;
  if (wanted) return decideAccelerator({ platform, wanted, trials: {} });
  const fingerprint = JSON.stringify([qemuPath, qemuVersion, release(), await hostBootId()]);
  const memo = await readMemo(memoPath);
  if (memo?.fingerprint === fingerprint) return memo.accelerator;
  const name = candidate(platform);
  const trials = name ? { [name]: await runTrial(qemuPath, name) } : {};
  const accelerator = decideAccelerator({ platform, trials });
  await writeFileAtomic(memoPath, `${JSON.stringify({ fingerprint, accelerator }, null, 2)}\n`);
  return accelerator;
}

/** @throws USAGE when SPECTEST_ACCEL names none. */
export function wantedAccelerator(
  option: EngineOptions["accelerator"],
  env: string | undefined,
): { name: AcceleratorName; by: string } | undefined {
  if (option !== undefined && option !== "auto") return { name: option, by: "the caller" };
  if (env === undefined || env === "" || env === "auto") return undefined;
  const name = NAMES.find((known) => known === env);
  if (!name) throw new SpectestError("USAGE", { what: `SPECTEST_ACCEL is ${env}; it may be auto, ${NAMES.join(", ")}`, value: env });
  return { name, by: "SPECTEST_ACCEL" };
}

async function qemuVersionOf(qemuPath: string): Promise<string> {
  const { stdout, exitCode } = await run(qemuPath, ["--version"], { timeoutMs: 10_000 });
  const version = /version (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (exitCode !== 0 || !version)
    throw new SpectestError("HOST_MISSING", { what: `${qemuPath} --version says nothing known: ${stdout}`, value: qemuPath });
  return version;
}

async function readMemo(path: string): Promise<z.infer<typeof memoSchema> | undefined> {
  const text = await readTextIfExists(path);
  if (text === undefined) return undefined;
  try {
    return memoSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
