/** Waiting until a service answers. The probes, the clock and the container's end are handed in. */
import { SpectestError } from "../../src/errors/index.ts";
import type { ReadyCheck } from "../../src/protocol/index.ts";

const DEFAULT_TIMEOUT_SECS = 60;
/** Milliseconds before the second, third … attempt; the last one repeats. */
const RAMPS = {
  tcp: [50, 100, 150, 250, 400, 500],
  http: [50, 100, 150, 250, 400, 500],
  exec: [250, 250, 400, 400, 500],
} as const;

export function rampMs(type: ReadyCheck["type"], attempt: number): number {
  const ramp: readonly number[] = RAMPS[type];
  return ramp[Math.min(attempt, ramp.length - 1)] ?? 500;
}

export interface ReadyEffects {
  /** Undefined when the check passed, else why not. May take as long as `signal` allows. */
  probe(check: ReadyCheck, signal: AbortSignal): Promise<string | undefined>;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  nowMs(): number;
  onAttempt(detail: string): void;
  /** Rejects when the container ends. */
  died: Promise<never>;
}

/**
 * @throws SpectestError SERVICE_NOT_READY on time-out, naming the check and its last answer; what `died` rejects with
 * when the container ends; the signal's reason when it is cancelled.
 */
export async function waitUntilReady(service: string, check: ReadyCheck, effects: ReadyEffects, signal: AbortSignal): Promise<void> {
  const limitSecs = check.timeoutSecs ?? DEFAULT_TIMEOUT_SECS;
  const overtime = new AbortController();
  const stop = AbortSignal.any([signal, overtime.signal]);
  const endMs = effects.nowMs() + limitSecs * 1000;
  let last = "no attempt was made";
  const poll = async (): Promise<void> => {
    for (let attempt = 0; ; attempt++) {
      effects.onAttempt(`${describeCheck(check)}${attempt === 0 ? "" : `: ${last}`}`);
      const why = await effects.probe(check, stop);
      if (why === undefined) return;
      stop.throwIfAborted();
      last = why;
      const leftMs = endMs - effects.nowMs();
      if (leftMs > 0) await effects.sleep(Math.min(rampMs(check.type, attempt), leftMs), stop);
      else await never(stop);
    }
  };
  const timeout = effects.sleep(limitSecs * 1000, stop).then(() => {
    throw new SpectestError("SERVICE_NOT_READY", {
      what: `service ${service} was not ready within ${limitSecs} s: ${describeCheck(check)}: ${last}`,
    });
  });
  try {
    await Promise.race([poll(), timeout, effects.died]);
  } finally {
    overtime.abort();
    timeout.catch(() => {});
  }
}

function never(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

export function describeCheck(check: ReadyCheck): string {
  switch (check.type) {
    case "tcp":
      return `tcp ${check.port}`;
    case "http":
      return `http ${check.port}${check.path ?? "/"}`;
    case "exec":
      return `exec ${check.command}`;
  }
}
