import { setTimeout as sleep } from "node:timers/promises";
import { SpectestError } from "../../src/errors/index.ts";
import type { PollOptions } from "../../src/sdk/context.ts";
import { shortText } from "../recorder/text.ts";
import { orAbort, type Recording } from "./recording.ts";

const DEFAULTS = { timeoutMs: 30_000, intervalMs: 1_000 };

/** What one attempt says: go on with the last value seen, or end with a result. */
export type Attempt<T> = { done: true; value: T } | { done: false; seen: string };

/** Repeats `attempt` within one wait event, of which only the last attempt's events become children. */
export async function repeat<T>(
  { recorder, signal, failure }: Pick<Recording, "recorder" | "signal" | "failure">,
  description: string,
  attempt: () => Promise<Attempt<T>>,
  options: PollOptions = {},
): Promise<{ value: T; seq: number }> {
  const { timeoutMs, intervalMs } = { ...DEFAULTS, ...options };
  const deadlineMs = performance.now() + timeoutMs;
  const event = recorder.begin<"wait">({ kind: "wait", description, attempts: 0 });
  const seen = (text: string | undefined) => (text === undefined ? {} : { lastSeen: text });
  let lastSeen: string | undefined;
  for (let attempts = 1; ; attempts++) {
    const leftMs = Math.max(1, deadlineMs - performance.now());
    const bound = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(leftMs))]);
    const trial = recorder.attempt(event.seq, async () => await attempt());
    try {
      const outcome = await orAbort(trial.result, bound);
      if (outcome.done) {
        trial.keep();
        event.end({ attempts, ...seen(lastSeen) });
        return { value: outcome.value, seq: event.seq };
      }
      lastSeen = outcome.seen;
    } catch (error) {
      trial.keep();
      const ownTimeout = bound.aborted && !signal.aborted && error === bound.reason;
      const thrown = ownTimeout ? timedOut(description, timeoutMs, attempts, lastSeen) : error;
      event.end({ attempts, ...seen(lastSeen) }, failure(thrown));
      throw thrown;
    }
    const restMs = deadlineMs - performance.now();
    if (restMs <= 0) {
      trial.keep();
      const thrown = timedOut(description, timeoutMs, attempts, lastSeen);
      event.end({ attempts, ...seen(lastSeen) }, failure(thrown));
      throw thrown;
    }
    event.update({ attempts, ...seen(lastSeen) });
    await orAbort(sleep(Math.min(intervalMs, restMs), undefined, { signal }), signal).catch((error: unknown) => {
      trial.keep();
      event.end({ attempts, ...seen(lastSeen) }, failure(error));
      throw error;
    });
    trial.drop();
  }
}

export function recordPoll(recording: Recording) {
  return async function poll<T>(description: string, fn: () => T | Promise<T>, options: PollOptions = {}): Promise<NonNullable<T>> {
    const attempt = async (): Promise<Attempt<NonNullable<T>>> => {
      const value = await fn();
      return value ? { done: true, value } : { done: false, seen: shortText(value) };
    };
    const { value, seq } = await repeat(recording, description, attempt, options);
    recording.origins.remember(value, { seq, path: "" });
    return value;
  };
}

function timedOut(description: string, timeoutMs: number, attempts: number, lastSeen: string | undefined): SpectestError {
  const times = attempts === 1 ? "once" : `${attempts} times`;
  const last = lastSeen === undefined ? "the first attempt did not end" : `last seen: ${lastSeen}`;
  return new SpectestError("TIMEOUT", { what: `poll "${description}" gave up after ${timeoutMs} ms; tried ${times}, ${last}` });
}
