import { describe, expect, it } from "vitest";
import { ancestorsOf, createBus, emptyRun, foldRun, type RunEvent, totalsOf } from "../../../src/events/index.ts";
import { bringUp, discovery, failedBringUp, finish, tests, wholeRun } from "../../fixtures/run-events.ts";

const whole = wholeRun.reduce(foldRun, emptyRun);

describe("foldRun", () => {
  it("orders tests depth first with their depths", () => {
    expect(whole.order.map((id) => [id, whole.tests.get(id)?.depth])).toEqual([
      ["sign up", 0],
      ["pay", 1],
      ["refund", 2],
      ["log out", 1],
      ["health", 0],
    ]);
    expect(ancestorsOf(whole, "refund")).toEqual(["sign up", "pay"]);
  });

  it("agrees with the totals the run reports", () => {
    expect(totalsOf(whole)).toEqual(finish.type === "run-finished" ? finish.totals : undefined);
  });

  it("keeps a retried test's earlier error and starts its record anew", () => {
    const flaky = whole.tests.get("log out");
    expect(flaky).toMatchObject({ state: "flaky", attempts: 2, forkMs: 85, events: [] });
    const halfway = wholeRun
      .slice(0, wholeRun.findIndex((event) => event.type === "test-started" && event.attempt === 2) + 1)
      .reduce(foldRun, emptyRun);
    expect(halfway.tests.get("log out")).toMatchObject({ state: "running", attempt: 2 });
    expect(halfway.tests.get("log out")?.error).toBeUndefined();
  });

  it("replaces an event of the same sequence number and inserts late ones in order", () => {
    const record = (seq: number, detail: string): RunEvent => ({
      type: "test-event",
      atMs: 0,
      id: "health",
      attempt: 1,
      event: { kind: "env", seq, id: String(seq), startMs: 0, detail },
    });
    const model = [discovery, record(0, "a"), record(2, "c"), record(1, "b"), record(2, "C")].reduce(foldRun, emptyRun);
    expect(model.tests.get("health")?.events.map((event) => event.kind === "env" && event.detail)).toEqual(["a", "b", "C"]);
  });

  it("tells since when a service is in its state", () => {
    const model = bringUp.reduce(foldRun, emptyRun);
    expect(model.services.map(({ name, state, startedAtMs, sinceMs }) => [name, state, startedAtMs, sinceMs])).toEqual([
      ["db", "ready", 400, 1400],
      ["api", "ready", 410, 2100],
    ]);
    expect(failedBringUp.reduce(foldRun, emptyRun).services[1]).toMatchObject({
      state: "failed",
      logTail: ["starting", expect.stringContaining("routes")],
    });
  });

  it("shows only selected tests and their ancestors", () => {
    const model = foldRun(emptyRun, { type: "tests-discovered", atMs: 0, tests: [...tests], selected: ["refund"] });
    expect(model.order).toEqual(["sign up", "pay", "refund"]);
    expect(model.tests.get("pay")?.selected).toBe(false);
  });

  it("ignores tests it has not heard of, and never changes an earlier model", () => {
    const frozen = JSON.stringify([...whole.tests]);
    foldRun(whole, { type: "test-finished", atMs: 9_999, id: "no such", status: "passed", durationMs: 1, attempts: 1, forkMs: 0 });
    foldRun(whole, { type: "test-finished", atMs: 9_999, id: "pay", status: "passed", durationMs: 1, attempts: 1, forkMs: 0 });
    expect(JSON.stringify([...whole.tests])).toBe(frozen);
  });
});

describe("createBus", () => {
  it("drops a reader that throws and keeps the others", () => {
    const errors: unknown[] = [];
    const seen: string[] = [];
    const bus = createBus((error) => errors.push(error));
    bus.subscribe(() => {
      throw new Error("boom");
    });
    bus.subscribe((event, model) => seen.push(`${event.type}@${model.atMs}`));
    for (const event of wholeRun.slice(0, 3)) bus.emit(event);
    expect(errors).toHaveLength(1);
    expect(seen).toEqual(["run-started@0", "phase@5", "phase@10"]);
  });
});
