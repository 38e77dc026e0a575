/**
 * The functions behind the library's `expect`: Jest's matchers, every call of one recorded as an assertion.
 * Where no test runs (in set-up hooks) they judge all the same and record nothing.
 */
import { expect as jestExpect } from "expect";
import { callSiteOf } from "../../src/sdk/call-site.ts";
import type { Assertion, MatchersWithNot } from "../../src/sdk/matchers.ts";
import type { Callee, RuntimeFunctions } from "../../src/sdk/runtime.ts";
import type { Provenance, SourceLocation } from "../../src/protocol/index.ts";
import { toLocation } from "../project/failure.ts";
import { shortList, shortText } from "../recorder/text.ts";
import type { Run } from "../runner/run.ts";
import { repeat } from "../runner/poll.ts";
import { splitMessage } from "./message.ts";

type Matcher = (...expected: unknown[]) => unknown;
type Kind = "hard" | "soft" | "raw";

interface Chain {
  actual: unknown;
  kind: Kind;
  /** e.g. "not." or "resolves.not." */
  prefix: string;
  /** From where the value came, found when it was handed over. */
  origin: Provenance | undefined;
  run: Run | undefined;
}

/** @param currentRun The run in which the calling code works, if any. */
export function createExpectations(currentRun: () => Run | undefined): RuntimeFunctions {
  return {
    assertion: (actual, kind, callee) => {
      const run = kind === "raw" ? undefined : currentRun();
      return chain<Assertion>(jestExpect(actual), { actual, kind, prefix: "", origin: run?.origins.of(actual, callee), run });
    },
    poll: (fn, options, callee) => pollChain(fn, options, callee, currentRun),
    asymmetric: jestExpect,
    notAsymmetric: jestExpect.not,
    extend: (matchers) => jestExpect.extend(matchers as Parameters<typeof jestExpect.extend>[0]),
  };
}

/** Jest's object of matchers with each one recorded; `not`, `resolves` and `rejects` lead to further ones. */
function chain<T extends object>(matchers: object, link: Chain): T {
  const proxy = new Proxy(matchers, {
    get: (target, key) => {
      const member: unknown = Reflect.get(target, key);
      if (typeof key !== "string") return member;
      if (typeof member === "function") return recordedMatcher(key, member as Matcher, link);
      if (typeof member === "object" && member !== null) return chain(member, { ...link, prefix: `${link.prefix}${key}.` });
      return member;
    },
  });
  // Jest's matchers have more members than ours and the same signatures.
  return proxy as T;
}

function recordedMatcher(name: string, matcher: Matcher, link: Chain): Matcher {
  return function recorded(...expected) {
    const at = link.run && toLocation(callSiteOf(recorded), link.run.roots);
    const settle = (error: unknown, actual: unknown): void => judge(error, { name, expected, at, actual }, link);
    try {
      const verdict = matcher(...expected);
      if (!(verdict instanceof Promise)) {
        settle(undefined, link.actual);
        return undefined;
      }
      return verdict.then(
        async () => settle(undefined, await settled(link.actual)),
        async (error: unknown) => settle(error, await settled(link.actual)),
      );
    } catch (error) {
      settle(error, link.actual);
      return undefined;
    }
  };
}

/** What a promise came to, be it a value or an error; a function's promise is not asked for again. */
async function settled(actual: unknown): Promise<unknown> {
  return actual instanceof Promise ? await actual.catch((error: unknown) => error) : actual;
}

interface Judged {
  name: string;
  expected: readonly unknown[];
  actual: unknown;
  at: SourceLocation | undefined;
}

/** Records the verdict; throws a failure, or keeps it for the end when the assertion is a soft one. */
function judge(error: unknown, { name, expected, actual, at }: Judged, { run, prefix, kind, origin }: Chain): void {
  const failure = error === undefined ? undefined : withoutColours(error);
  run?.recorder.note<"assertion">(
    {
      kind: "assertion",
      matcher: `${prefix}${name}`,
      pass: failure === undefined,
      ...(expected.length > 0 ? { expected: shortList(expected) } : {}),
      actual: shortText(actual),
      ...(at ? { at } : {}),
      ...(origin ? { provenance: origin } : {}),
    },
    failure && run.failure(failure),
  );
  if (failure === undefined) return;
  if (kind === "soft" && run) run.softFailures.push(failure);
  else throw failure;
}

/** The same error with plain text; its difference, if any, moved into `diff`. */
function withoutColours(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const { message, diff } = splitMessage(error.message);
  const stack = error.stack?.replace(error.message, message);
  error.message = message;
  if (stack !== undefined) error.stack = stack;
  return diff === undefined ? error : Object.assign(error, { diff });
}

function pollChain(
  fn: () => unknown,
  options: { timeoutMs?: number; intervalMs?: number },
  callee: Callee,
  currentRun: () => Run | undefined,
): MatchersWithNot<Promise<void>> {
  const run = currentRun();
  if (!run) throw new Error("expect.poll works only while a test runs");
  const at = toLocation(callSiteOf(callee), run.roots);
  const member =
    (prefix: string, name: string) =>
    async (...expected: unknown[]): Promise<void> => {
      const link: Chain = { actual: undefined, kind: "hard", prefix, origin: undefined, run };
      const last: { error?: unknown; actual?: unknown } = {};
      const attempt = async () => {
        last.error = undefined;
        last.actual = await fn();
        last.error = failureOf(last.actual, prefix, name, expected);
        return last.error === undefined
          ? ({ done: true, value: undefined } as const)
          : ({ done: false, seen: shortText(last.actual) } as const);
      };
      try {
        await repeat(run.recording, `expect.poll ${prefix}${name}`, attempt, options);
      } catch (error) {
        if (last.error === undefined) throw error;
        judge(last.error, { name, expected, at, actual: last.actual }, link);
      }
      judge(undefined, { name, expected, at, actual: last.actual }, link);
    };
  const negated: object = new Proxy({}, { get: (_target, key) => (typeof key === "string" ? member("not.", key) : undefined) });
  const matchers: object = new Proxy(
    {},
    // Not a thenable: awaiting it without a matcher must not hang.
    { get: (_target, key) => (key === "not" ? negated : typeof key === "string" && key !== "then" ? member("", key) : undefined) },
  );
  return matchers as MatchersWithNot<Promise<void>>;
}

function failureOf(actual: unknown, prefix: string, name: string, expected: readonly unknown[]): unknown {
  const matchers: object = prefix === "not." ? jestExpect(actual).not : jestExpect(actual);
  const matcher: unknown = Reflect.get(matchers, name);
  if (typeof matcher !== "function") throw new TypeError(`expect has no matcher ${name}`);
  try {
    Reflect.apply(matcher, matchers, expected);
    return undefined;
  } catch (error) {
    return error;
  }
}
