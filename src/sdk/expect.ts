import type { Assertion, AsymmetricMatchers, Expect, ExpectPollOptions, MatchersWithNot } from "./matchers.ts";
import { runtimeSlot } from "./runtime.ts";

function expectHard(actual: unknown): Assertion {
  return runtimeSlot.get("expect").assertion(actual, "hard", expectHard);
}

function soft(actual: unknown): Assertion {
  return runtimeSlot.get("expect.soft").assertion(actual, "soft", soft);
}

function poll(fn: () => unknown, options: ExpectPollOptions = {}): MatchersWithNot<Promise<void>> {
  return runtimeSlot.get("expect.poll").poll(fn, options, poll);
}

function asymmetric(which: "asymmetric" | "notAsymmetric"): AsymmetricMatchers {
  const get = (name: string): AsymmetricMatchers => runtimeSlot.get(`expect.${name}`)[which];
  return {
    arrayContaining: (items) => get("arrayContaining").arrayContaining(items),
    closeTo: (value, digits) => get("closeTo").closeTo(value, digits),
    objectContaining: (fields) => get("objectContaining").objectContaining(fields),
    stringContaining: (text) => get("stringContaining").stringContaining(text),
    stringMatching: (pattern) => get("stringMatching").stringMatching(pattern),
  };
}

/** Jest's matchers, recorded. See {@link Expect}. */
export const expect: Expect = Object.assign(expectHard, {
  ...asymmetric("asymmetric"),
  soft,
  poll,
  any: (type: unknown) => runtimeSlot.get("expect.any").asymmetric.any(type),
  anything: () => runtimeSlot.get("expect.anything").asymmetric.anything(),
  not: asymmetric("notAsymmetric"),
  extend: (matchers: Parameters<Expect["extend"]>[0]) => runtimeSlot.get("expect.extend").extend(matchers),
});

/**
 * The same matchers without recording.
 *
 * @example expectRaw(port).toBeGreaterThan(0);
 */
export function expectRaw(actual: unknown): Assertion {
  return runtimeSlot.get("expectRaw").assertion(actual, "raw", expectRaw);
}

/**
 * Throws unless the condition is truthy, and narrows its type. Not recorded.
 *
 * @example assert(user !== undefined, "the user was not stored");
 */
export function assert(condition: unknown, message = "the condition is not met"): asserts condition {
  if (condition) return;
  const error = new Error(message);
  error.name = "AssertionError";
  Error.captureStackTrace(error, assert);
  throw error;
}
