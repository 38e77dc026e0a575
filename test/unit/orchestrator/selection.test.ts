import { describe, expect, it } from "vitest";
import { selectTests } from "../../../src/orchestrator/selection.ts";
import type { TestCase } from "../../../src/protocol/index.ts";

function test(id: string, extra: Partial<TestCase> = {}): TestCase {
  return { id, name: id, file: "spectest/tests/a.ts", line: 1, after: [], timeoutMs: 1_000, tags: [], retries: 0, mode: "run", ...extra };
}

const tree = [
  test("root"),
  test("child", { parent: "root", tags: ["slow"] }),
  test("leaf", { parent: "child", line: 7 }),
  test("other", { file: "spectest/tests/b.ts" }),
];
const ids = (options: Partial<Parameters<typeof selectTests>[1]>, tests = tree): string[] =>
  selectTests(tests, { filters: [], tags: [], ...options }).tests.map(({ id }) => id);

describe("selectTests", () => {
  it("selects everything without filters", () => expect(ids({})).toEqual(["root", "child", "leaf", "other"]));
  it("adds the ancestors a target needs", () => expect(ids({ filters: ["leaf"] })).toEqual(["root", "child", "leaf"]));
  it("filters by file", () => expect(ids({ filters: ["b.ts"] })).toEqual(["other"]));
  it("filters by file and line", () => expect(ids({ filters: ["a.ts:7"] })).toEqual(["root", "child", "leaf"]));
  it("filters by tag", () => expect(ids({ tags: ["slow"] })).toEqual(["root", "child"]));
  it("filters by expression", () => expect(ids({ grep: "^oth" })).toEqual(["other"]));
  it("honours .only", () => expect(ids({}, [...tree, test("x", { mode: "only" })])).toEqual(["x"]));
  it("keeps trees together in shards", () => {
    expect(ids({ shard: { index: 1, count: 2 } })).toEqual(["root", "child", "leaf"]);
    expect(ids({ shard: { index: 2, count: 2 } })).toEqual(["other"]);
  });
  it("says what matched nothing", () => {
    expect(() => ids({ filters: ["nope"] })).toThrow(/no test matches nope \(4 tests are defined\)/);
    expect(() => ids({}, [])).toThrow(/defines no tests/);
  });
  it("refuses a broken expression", () => expect(() => ids({ grep: "(" })).toThrow(/not a regular expression/));
});
