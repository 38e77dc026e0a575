import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Origins } from "../../../daemon/recorder/origins.ts";
import { argumentEndsWithRead, type Position } from "../../../daemon/recorder/source-position.ts";

describe("tracked results are plain values", () => {
  const bare = { stdout: "hi", stderr: "", exitCode: 0 };
  const tracked = new Origins().track(4, bare);

  test("equality, JSON, spread, keys, inspection, clone", () => {
    expect(tracked).toEqual(bare);
    expect(tracked).toStrictEqual(bare);
    expect(JSON.stringify(tracked)).toBe(JSON.stringify(bare));
    expect({ ...tracked }).toEqual(bare);
    expect(Object.keys(tracked)).toEqual(Object.keys(bare));
    expect(inspect(tracked)).toBe(inspect(bare));
    expect(structuredClone(tracked)).toEqual(bare);
    expect(tracked.exitCode === 0 && typeof tracked.stdout === "string").toBe(true);
  });
  test("unwrap gives the bare object, and fields can be assigned", () => {
    expect(tracked.unwrap()).toEqual(bare);
    const other = new Origins().track(1, { ...bare });
    other.exitCode = 7;
    expect(other.exitCode).toBe(7);
  });
});

describe("where a value came from", () => {
  const asker = (): void => undefined;
  test("objects by identity, nested ones with their path", () => {
    const origins = new Origins();
    const body = { user: { tags: ["x"] } };
    origins.rememberDeep(body, { seq: 3, path: "body" });
    expect(origins.of(body.user, asker)).toEqual({ seq: 3, path: "body.user" });
    expect(origins.of(body.user.tags, asker)).toEqual({ seq: 3, path: "body.user.tags" });
    expect(origins.of({ tags: ["x"] }, asker)).toBeUndefined();
  });
  test("telling strings by content, unless two events gave them", () => {
    const origins = new Origins();
    origins.remember("user-0001-abcdef", { seq: 1, path: "stdout" });
    expect(origins.of("user-0001-abcdef", asker)).toEqual({ seq: 1, path: "stdout" });
    origins.remember("user-0001-abcdef", { seq: 2, path: "body" });
    expect(origins.of("user-0001-abcdef", asker)).toBeUndefined();
    origins.remember("short", { seq: 1, path: "stdout" });
    expect(origins.of("short", asker)).toBeUndefined();
  });
});

describe("a read at the end of an argument", () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "spectest-origins-"));
  });
  afterAll(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  /** `§` marks the call, `¶` the read. */
  const judge = async (marked: string): Promise<boolean> => {
    const script = join(dir, `${Math.random()}.mjs`);
    await writeFile(script, marked.replaceAll(/[§¶]/g, ""));
    const position = (mark: string, other: string): Position => {
      const before = marked.slice(0, marked.indexOf(mark)).replaceAll(other, "");
      return { script, line: before.split("\n").length, column: before.length - before.lastIndexOf("\n") };
    };
    return argumentEndsWithRead(position("§", "¶"), position("¶", "§"));
  };

  test.each([
    ["§expect(res.¶status).toBe(201);", true],
    ["let a;\n  §expect2(\n    res.¶status\n  ).toBe(201);", true],
    ["expect.§soft(res.¶status)", true],
    ["§expect(await res.¶text())", true],
    ['§expect(fake.¶count("a)b", [1]))', true],
    ["§expect(res.¶status + 1)", false],
    ["§expect(list[res.¶status])", false],
    ["§expect(res.¶status, other)", false],
    ["§expect(fake.¶count() || other)", false],
    ["§expect(x).toBe(res.¶status)", false],
    ["res.¶status; §expect(x)", false],
    ["§expect(`${x}`, res.¶status)", false],
  ])("%s → %s", async (marked, wanted) => {
    expect(await judge(marked)).toBe(wanted);
  });
});
