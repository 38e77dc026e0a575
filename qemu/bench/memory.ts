import { readFile } from "node:fs/promises";
import { mappingsOf } from "../capture/mappings.ts";
import { PAGE_BYTES, pagesIn, privateRuns } from "../capture/pagemap.ts";
import type { Machine } from "../process/machine.ts";

const MIB = 1024 * 1024;

export interface ForkMemory {
  /** Memory only this process uses. */
  privateMib: number;
  /** The guest RAM in it: pages the guest has written to, and those its delta brought. */
  guestMib: number;
}

/** Meaningful only while other forks of the same template live: what is shared by one process alone counts as private. */
export async function forkMemory(machine: Machine): Promise<ForkMemory> {
  const rollup = await readFile(`/proc/${machine.pid}/smaps_rollup`, "latin1");
  const kib = ["Private_Clean", "Private_Dirty"].reduce(
    (sum, name) => sum + Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(rollup)?.[1] ?? 0),
    0,
  );
  const { ram, files } = machine.spec;
  const guestPages = ram === "private" ? pagesIn(privateRuns(machine.pid, mappingsOf(machine.pid, files.ramPath))) : 0;
  return { privateMib: round(kib / 1024), guestMib: round((guestPages * PAGE_BYTES) / MIB) };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
