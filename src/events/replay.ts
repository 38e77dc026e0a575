/** Plays recorded events again, with or without the time between them. */
import { setTimeout as sleep } from "node:timers/promises";
import type { EventListener, RunEvent } from "./types.ts";

export interface ReplayOptions {
  onEvent: EventListener;
  /** 1 is real time, 2 twice as fast; Infinity (the default) does not wait. */
  speed?: number;
  /** Longest wait between two events in real milliseconds. Default 2,000. */
  idleLimitMs?: number;
  signal?: AbortSignal;
}

/** Resolves after the last event, or early when `signal` fires. */
export async function replayEvents(events: Iterable<RunEvent>, options: ReplayOptions): Promise<void> {
  const { onEvent, speed = Number.POSITIVE_INFINITY, idleLimitMs = 2_000, signal } = options;
  let previousMs: number | undefined;
  for (const event of events) {
    const gapMs = Math.max(0, event.atMs - (previousMs ?? event.atMs)) / speed;
    previousMs = event.atMs;
    if (gapMs >= 1 && !(await waited(Math.min(gapMs, idleLimitMs), signal))) return;
    if (signal?.aborted) return;
    onEvent(event);
  }
}

async function waited(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await sleep(ms, undefined, signal ? { signal } : {});
    return true;
  } catch {
    return false;
  }
}
