/** A forked machine with a confirmed connection to its daemon. */
import { randomBytes } from "node:crypto";
import type { Vm, VmEngine } from "../../qemu/index.ts";
import { SpectestError } from "../errors/index.ts";
import { connectGuest, type GuestClient } from "../guest/index.ts";
import { stopwatch } from "../platform/index.ts";
import { PROTOCOL_VERSION } from "../protocol/index.ts";
import type { RunContext } from "./run-context.ts";

export interface Machine {
  vm: Vm;
  guest: GuestClient;
  /** From the call to the confirmed handshake with the daemon. */
  forkMs: number;
  /** Ends the machine at once and forgets it; safe to call again. */
  discard(): Promise<void>;
}

/**
 * Forks a snapshot, connects to its daemon and confirms the new identity with it. The machine is registered for
 * tear-down before it starts, and is gone again when any step fails.
 */
export async function forkMachine(
  run: RunContext,
  engine: VmEngine,
  snapshotId: string,
  options: { name: string; memory?: "private" | "template"; daemonDigest: string },
): Promise<Machine> {
  run.throwIfCancelled();
  const took = stopwatch();
  const vm = await engine.fork(snapshotId, {
    name: options.name,
    signal: run.signal,
    ...(options.memory === undefined ? {} : { memory: options.memory }),
  });
  return adoptMachine(run, vm, { daemonDigest: options.daemonDigest, took });
}

/** Takes charge of a machine that was just started: from here on it ends with the run, or at once when a step fails. */
export async function adoptMachine(
  run: RunContext,
  vm: Vm,
  options: { daemonDigest: string; took: () => number; prepare?: () => Promise<void> },
): Promise<Machine> {
  const release = run.scope.defer(`stop machine ${vm.id}`, () => vm.stop("kill"));
  try {
    await options.prepare?.();
    const guest = await openGuest(vm, options.daemonDigest);
    return {
      vm,
      guest,
      forkMs: options.took(),
      async discard() {
        release();
        await closeGuest(guest);
        await vm.stop("kill");
      },
    };
  } catch (error) {
    release();
    await vm.stop("kill");
    throw error;
  }
}

/** Connects to the daemon of a machine and confirms identity, protocol and build. Fail-closed. */
export async function openGuest(vm: Vm, daemonDigest: string): Promise<GuestClient> {
  const channel = await vm.openControl();
  const guest = await connectGuest(channel);
  void guest.closed.then(() => channel.destroy());
  const { forkId } = vm;
  const reply = await guest.hello({
    protocol: PROTOCOL_VERSION,
    forkId,
    wallClockMs: Date.now(),
    entropyHex: randomBytes(32).toString("hex"),
  });
  const mismatch =
    reply.forkId !== forkId
      ? `confirmed the fork ${reply.forkId}, not ${forkId}`
      : reply.daemonDigest !== daemonDigest
        ? `runs the daemon ${reply.daemonDigest.slice(0, 12)}, not ${daemonDigest.slice(0, 12)}`
        : undefined;
  if (mismatch === undefined) return guest;
  await closeGuest(guest);
  throw new SpectestError("CHANNEL", { what: `the machine ${vm.id} ${mismatch}`, value: reply });
}

/** Ends the session; resolves when the machine's channel is free again. */
export async function closeGuest(guest: GuestClient): Promise<void> {
  guest.close();
  await guest.closed;
}
