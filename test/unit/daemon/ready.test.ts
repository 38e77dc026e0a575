import { expect, test } from "vitest";
import { rampMs, type ReadyEffects, waitUntilReady } from "../../../daemon/bring-up/ready.ts";
import type { ReadyCheck } from "../../../src/protocol/index.ts";

const never = new Promise<never>(() => {});
const { signal } = new AbortController();

/** A clock that jumps to the next sleeper. */
function fakeTime() {
  let nowMs = 0;
  let sleepers: { atMs: number; wake(): void }[] = [];
  const slept: number[] = [];
  const advance = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    sleepers.sort((one, other) => one.atMs - other.atMs);
    const next = sleepers.shift();
    if (!next) return;
    nowMs = next.atMs;
    next.wake();
  };
  const sleep: ReadyEffects["sleep"] = (ms, stop) => {
    slept.push(ms);
    return new Promise((resolve, reject) => {
      const entry = { atMs: nowMs + ms, wake: resolve };
      sleepers.push(entry);
      stop.addEventListener("abort", () => {
        sleepers = sleepers.filter((other) => other !== entry);
        reject(stop.reason);
      });
    });
  };
  return { sleep, slept, advance, nowMs: () => nowMs };
}

test("the ramps are 50 100 150 250 400 500 for tcp and http, 250 250 400 400 500 for exec, the last one repeated", () => {
  const ramp = (type: ReadyCheck["type"]): number[] => Array.from({ length: 8 }, (_unused, attempt) => rampMs(type, attempt));
  expect(ramp("tcp")).toEqual([50, 100, 150, 250, 400, 500, 500, 500]);
  expect(ramp("http")).toEqual([50, 100, 150, 250, 400, 500, 500, 500]);
  expect(ramp("exec")).toEqual([250, 250, 400, 400, 500, 500, 500, 500]);
});

test("it polls until the check passes, with the reason of the attempt before as detail", async () => {
  const time = fakeTime();
  const details: string[] = [];
  let attempts = 0;
  const done = waitUntilReady(
    "db",
    { type: "tcp", port: 5432 },
    { ...time, died: never, onAttempt: (detail) => details.push(detail), probe: async () => (++attempts < 4 ? "refused" : undefined) },
    signal,
  );
  for (let turn = 0; turn < 4; turn++) await time.advance();
  await done;
  expect(time.slept).toEqual([60_000, 50, 100, 150]);
  expect(details).toEqual(["tcp 5432", "tcp 5432: refused", "tcp 5432: refused", "tcp 5432: refused"]);
});

test("after the limit it says which check failed and how, also when an attempt hangs", async () => {
  const check: ReadyCheck = { type: "http", port: 80, path: "/up", timeoutSecs: 1 };
  for (const probe of [async () => "status 503", () => new Promise<undefined>(() => {})]) {
    const time = fakeTime();
    const done = waitUntilReady("web", check, { ...time, died: never, onAttempt: () => {}, probe }, signal);
    const failed = expect(done).rejects.toMatchObject({
      code: "SERVICE_NOT_READY",
      message: expect.stringMatching(/^service web was not ready within 1 s: http 80\/up: /),
    });
    for (let turn = 0; turn < 10; turn++) await time.advance();
    await failed;
    expect(time.nowMs()).toBe(1000);
  }
});

test("a container that ends ends the wait at once; so does cancelling", async () => {
  const time = fakeTime();
  const effects = { ...time, onAttempt: () => {}, probe: async () => "refused" };
  const died = Promise.reject(new Error("ended with exit code 1"));
  await expect(waitUntilReady("a", { type: "exec", command: "true" }, { ...effects, died }, signal)).rejects.toThrow(
    "ended with exit code 1",
  );
  const abort = new AbortController();
  const done = waitUntilReady("a", { type: "tcp", port: 1 }, { ...effects, died: never }, abort.signal);
  abort.abort(new Error("enough"));
  await expect(done).rejects.toThrow("enough");
});
