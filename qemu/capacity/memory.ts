import { freemem, totalmem } from "node:os";
import { readTextIfExists } from "../../src/platform/index.ts";
import type { AcceleratorName } from "../types.ts";

const MIB = 1024 * 1024;
/** Kept free for everything else on the host. */
const RESERVE_MIN_MIB = 512;
const RESERVE_SHARE = 0.05;
/** QEMU's own memory; under TCG its translated code grows as the guest runs. */
const PROCESS_MIB: Readonly<Record<AcceleratorName, number>> = { tcg: 192, kvm: 48, hvf: 48 };
/** Share of the guest's RAM a fork may come to write to before a test ends. */
const WRITTEN_SHARE = 0.1;

export interface ForkCost {
  accelerator: AcceleratorName;
  memoryMib: number;
  /** Pages a fork gets copied at its start. */
  deltaMib: number;
}

/** Memory the host can give without swapping, in MiB. */
export async function availableMib(): Promise<number> {
  const meminfo = await readTextIfExists("/proc/meminfo");
  const match = meminfo && /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo);
  return match ? Math.floor(Number(match[1]) / 1024) : Math.floor(freemem() / MIB);
}

/** How many forks fit; pure. */
export function forksThatFit(availableMiB: number, totalMiB: number, cost: ForkCost): number {
  const reserve = Math.max(RESERVE_MIN_MIB, totalMiB * RESERVE_SHARE);
  const each = PROCESS_MIB[cost.accelerator] + cost.deltaMib + cost.memoryMib * WRITTEN_SHARE;
  return Math.max(0, Math.floor((availableMiB - reserve) / each));
}

export function totalMib(): number {
  return Math.floor(totalmem() / MIB);
}
