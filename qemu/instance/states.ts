import { SpectestError } from "../../src/errors/index.ts";
import type { VmState } from "../types.ts";

/** Every legal transition of a machine. What is not here is refused. */
export const TRANSITIONS: Readonly<Record<VmState, readonly VmState[]>> = {
  created: ["booting", "resuming", "stopping", "failed"],
  booting: ["running", "stopping", "failed"],
  resuming: ["running", "stopping", "failed"],
  running: ["paused", "capturing", "stopping", "failed"],
  paused: ["running", "capturing", "stopping", "failed"],
  capturing: ["running", "paused", "stopping", "failed"],
  stopping: ["stopped"],
  stopped: [],
  failed: ["stopping", "stopped"],
};

export function canMove(from: VmState, to: VmState): boolean {
  return TRANSITIONS[from].includes(to);
}

/** @throws VM_STATE naming both states when the move is not legal. */
export function assertMove(vm: string, from: VmState, to: VmState): void {
  if (canMove(from, to)) return;
  throw new SpectestError("VM_STATE", { what: `machine ${vm} is ${from} and cannot become ${to}`, value: { from, to } });
}
