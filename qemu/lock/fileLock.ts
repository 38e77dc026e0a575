import { watch } from "node:fs";
import { link, mkdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SpectestError } from "../../src/errors/index.ts";
import { readTextIfExists, shortId } from "../../src/platform/index.ts";
import { isAlive, isProcessId, type ProcessId, processId } from "../instance/processId.ts";

/** How often a waiter looks whether the holder still lives: a death leaves no trace in the directory to be told of. */
const LIVENESS_MS = 250;

export interface Holder extends ProcessId {
  /** Differs for each time a lock is taken. */
  token: string;
  /** What the holder is doing, for people who wait. */
  what: string;
}

/**
 * A lock as a file that names its holder. It is taken by linking a complete file to the lock's name, which the system
 * does for one process only. A dead holder's file is removed under a lock of its own, named by the dead one's token, so
 * that nobody can remove the file of a new holder by mistake.
 */
export async function tryLock(path: string, what: string): Promise<{ release(): Promise<void> } | { holder: Holder }> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const mine: Holder = { ...processId(process.pid), token: shortId(8), what };
  const draft = `${path}.${mine.token}.tmp`;
  await writeFile(draft, JSON.stringify(mine), { mode: 0o600 });
  try {
    for (;;) {
      if (await linked(draft, path)) return { release: () => releaseLock(path, mine.token) };
      const holder = await readHolder(path);
      if (!holder) continue; // released in between
      if (isAlive(holder)) return { holder };
      const breaker = await tryLock(`${path}.break-${holder.token}`, "breaking a dead lock");
      if ("holder" in breaker) return { holder: breaker.holder };
      await releaseLock(path, holder.token);
      await breaker.release();
    }
  } finally {
    await rm(draft, { force: true });
  }
}

/** Resolves when the lock's file changed, or when it is time to look at its holder again. */
export async function lockChanged(path: string, signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const watcher = watch(dirname(path), (_, name) => {
      if (name === null || name === basename(path)) done();
    });
    const timer = setTimeout(done, LIVENESS_MS);
    function done(): void {
      clearTimeout(timer);
      watcher.close();
      signal?.removeEventListener("abort", done);
      resolve();
    }
    watcher.on("error", done);
    signal?.addEventListener("abort", done, { once: true });
  });
}

export interface LockOptions {
  signal?: AbortSignal;
  onWait?: (holder: { pid: number; what: string }) => void;
}

/** Runs `fn` while holding the lock `name` across all processes that use this directory. */
export async function withFileLock<T>(dir: string, name: string, fn: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const path = join(dir, `${name.replaceAll(/[^a-zA-Z0-9._-]/g, "_")}.lock`);
  const release = await waitForLock(path, name, options);
  try {
    return await fn();
  } finally {
    await release();
  }
}

async function waitForLock(path: string, name: string, { signal, onWait }: LockOptions): Promise<() => Promise<void>> {
  let told = "";
  for (;;) {
    if (signal?.aborted)
      throw new SpectestError("CANCELLED", { what: `cancelled while waiting for the lock ${name}`, cause: signal.reason });
    const result = await tryLock(path, name);
    if ("release" in result) return () => result.release();
    if (told !== result.holder.token) onWait?.({ pid: result.holder.pid, what: result.holder.what });
    told = result.holder.token;
    await lockChanged(path, signal);
  }
}

/** Only the holder, or whoever holds the right to break this very token, gets here: nobody else can replace the file meanwhile. */
async function releaseLock(path: string, token: string): Promise<void> {
  const holder = await readHolder(path);
  if (holder?.token === token) await rm(path, { force: true });
}

async function readHolder(path: string): Promise<Holder | undefined> {
  const text = await readTextIfExists(path);
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (isProcessId(value) && "token" in value && "what" in value && typeof value.token === "string" && typeof value.what === "string") {
    return { pid: value.pid, startTime: value.startTime, token: value.token, what: value.what };
  }
  throw new SpectestError("STORE_FOREIGN", { what: `${path} is not a lock of ours`, value: path });
}

async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}
