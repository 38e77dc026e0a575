import { describe, expect, it } from "vitest";
import { Schedule } from "../../../src/orchestrator/schedule.ts";
import type { TestCase } from "../../../src/protocol/index.ts";

function test(id: string, parent?: string, extra: Partial<TestCase> = {}): TestCase {
  const own: TestCase = { id, name: id, file: "a.ts", line: 1, after: [], timeoutMs: 1_000, tags: [], retries: 0, mode: "run", ...extra };
  return parent === undefined ? own : { ...own, parent };
}

describe("Schedule", () => {
  it("offers a child only after its parent has passed", () => {
    const schedule = new Schedule([test("a"), test("b", "a")]);
    expect(schedule.next()?.id).toBe("a");
    schedule.start("a");
    expect(schedule.next()).toBeUndefined();
    schedule.finish("a", "passed");
    expect(schedule.next("a")?.id).toBe("b");
  });

  it("takes the longest path first, by recorded durations", () => {
    const tests = [test("short"), test("long"), test("long child", "long")];
    expect(new Schedule(tests).next()?.id).toBe("long");
    expect(new Schedule(tests, new Map([["short", 60_000]])).next()?.id).toBe("short");
  });

  it("blocks everything below a failure and names the one that failed", () => {
    const schedule = new Schedule([test("a"), test("b", "a"), test("c", "b"), test("other")]);
    schedule.start("a");
    expect(schedule.finish("a", "failed")).toEqual([
      { id: "a", status: "failed" },
      { id: "b", status: "blocked", reason: "a" },
      { id: "c", status: "blocked", reason: "a" },
    ]);
    expect(schedule.next()?.id).toBe("other");
    expect(schedule.done).toBe(false);
  });

  it("skips what is below a skipped test", () => {
    const schedule = new Schedule([test("a", undefined, { mode: "skip" }), test("b", "a")]);
    expect(schedule.finish("a", "skipped", "skip").map(({ id, status }) => [id, status])).toEqual([
      ["a", "skipped"],
      ["b", "skipped"],
    ]);
    expect(schedule.done).toBe(true);
  });

  it("holds a test back until everything it comes after has finished, whatever the verdict", () => {
    const schedule = new Schedule([test("a"), test("b", undefined, { after: ["a", "not selected"] })]);
    schedule.start("a");
    expect(schedule.next()).toBeUndefined();
    schedule.finish("a", "failed");
    expect(schedule.next()?.id).toBe("b");
  });

  it("needs a state as long as a child has no verdict", () => {
    const schedule = new Schedule([test("a"), test("b", "a")]);
    schedule.start("a");
    schedule.finish("a", "passed");
    expect(schedule.needsState("a")).toBe(true);
    schedule.start("b");
    schedule.finish("b", "passed");
    expect(schedule.needsState("a")).toBe(false);
  });

  it("refuses to start a test twice", () => {
    const schedule = new Schedule([test("a")]);
    schedule.start("a");
    expect(() => schedule.start("a")).toThrow(/started already/);
  });
});
