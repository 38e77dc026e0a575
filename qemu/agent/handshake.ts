import { randomBytes } from "node:crypto";
import { SpectestError } from "../../src/errors/index.ts";
import type { AgentClient } from "./client.ts";

const ENTROPY_BYTES = 64;

/**
 * Gives a machine its identity and returns once the guest has confirmed it. The wall clock is read after the guest has
 * answered, so the time the guest needed to come alive does not end up in its clock. Fails closed: no confirmation, no machine.
 */
export async function giveIdentity(agent: AgentClient, forkId: string, options: { timeoutMs?: number } = {}): Promise<void> {
  await agent.request({ op: "ping" }, options);
  await sendIdentity(agent, forkId, options);
}

/** Sets clock and entropy of a guest known to be awake. */
export async function sendIdentity(agent: AgentClient, forkId: string, options: { timeoutMs?: number } = {}): Promise<void> {
  const entropy = randomBytes(ENTROPY_BYTES).toString("hex");
  const reply = await agent.request({ op: "identity", forkId, wallClockNs: wallClockNs(), entropy }, options);
  if (reply.forkId !== forkId) {
    throw new SpectestError("AGENT", {
      what: `the guest confirmed the identity ${String(reply.forkId)} instead of ${forkId}`,
      value: reply.forkId,
    });
  }
}

function wallClockNs(): string {
  return `${BigInt(Date.now()) * 1_000_000n}`;
}
