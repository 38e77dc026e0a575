/**
 * Everything a fork renews before any test code runs, in this order. A fork whose guest does not confirm is refused by
 * the host, so each entry either succeeds or fails the handshake.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { messageOf, SpectestError } from "../src/errors/index.ts";
import type { HelloRequest } from "../src/protocol/index.ts";

export interface Renewal {
  what: string;
  renew(hello: HelloRequest): Promise<void> | void;
}

/** Who this fork is, as the engine's agent wrote it before the daemon was spoken to. */
export const IDENTITY_FILE = "/run/spectest/identity.json";

/** @throws SpectestError DAEMON_CONFLICT when the agent confirmed another fork */
export async function checkIdentity(path: string, hello: HelloRequest): Promise<void> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return; // an engine without an agent
    throw error;
  }
  const identity: unknown = JSON.parse(text);
  const forkId = typeof identity === "object" && identity !== null && "forkId" in identity ? identity.forkId : undefined;
  if (forkId === hello.forkId) return;
  throw new SpectestError("DAEMON_CONFLICT", { what: `this machine is fork ${String(forkId)}, not ${hello.forkId}`, value: identity });
}

export async function renewAll(renewals: readonly Renewal[], hello: HelloRequest): Promise<void> {
  for (const { what, renew } of renewals) {
    try {
      await renew(hello);
    } catch (error) {
      throw new SpectestError("DAEMON", { what: `this fork could not renew ${what}: ${messageOf(error)}`, cause: error });
    }
  }
}

/** Ids no sibling has: OpenSSL's generator is cloned with the process, so what the host sent is mixed in. */
export interface IdSource {
  renew(entropyHex: string): void;
  next(): string;
}

export function createIdSource(): IdSource {
  let seed = randomBytes(32);
  let count = 0;
  return {
    renew: (entropyHex) => {
      seed = createHash("sha256").update(seed).update(Buffer.from(entropyHex, "hex")).digest();
    },
    next: () => createHash("sha256").update(seed).update(String(++count)).digest("hex").slice(0, 32),
  };
}
