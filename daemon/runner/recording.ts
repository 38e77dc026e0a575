import type { WireError } from "../../src/protocol/index.ts";
import type { DaemonMethods } from "../ipc/messages.ts";
import type { Peer } from "../ipc/peer.ts";
import type { Origins } from "../recorder/origins.ts";
import type { Recorder } from "../recorder/recorder.ts";

/** What the parts of a context share. */
export interface Recording {
  recorder: Recorder;
  origins: Origins;
  /** Aborted when the test's time is up or it is cancelled. */
  signal: AbortSignal;
  daemon: Peer<DaemonMethods>;
  failure(error: unknown): WireError;
}

/** Rejects with the signal's reason as soon as it is aborted; the work itself is told by the same signal. */
export async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop) signal.removeEventListener("abort", stop);
  }
}
