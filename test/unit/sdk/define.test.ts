import { describe, expect, test } from "vitest";
import { parseFrame } from "../../../src/sdk/call-site.ts";
import { projectDefinitionOf } from "../../../src/sdk/definitions.ts";
import { defineEnvironment, expect as guestExpect, postgres, ProjectError, redis, registry } from "../../../src/sdk/index.ts";

const image = registry("x");
/** What an author without a type checker could write. */
const untyped = (value: unknown): never => value as never;

describe("defining", () => {
  test("keeps the place of every call", () => {
    const env = defineEnvironment({});
    env.test("one", () => undefined);
    env.test.each(["a"])("two %s", () => undefined);
    const definition = projectDefinitionOf(env.project());
    expect(definition?.tests.map(({ name, at }) => [name, at?.file.endsWith("define.test.ts"), at?.line])).toEqual([
      ["one", true, 13],
      ["two a", true, 14],
    ]);
    expect(definition?.environmentAt?.line).toBe(12);
    expect(definition?.at?.line).toBe(15);
  });

  test("joins titles, and lets groups skip and focus", () => {
    const env = defineEnvironment({});
    env.describe("outer", () => {
      env.describe.skip("inner", () => void env.test.only("a", () => undefined));
      env.describe.only("focus", () => void env.test("b", () => undefined));
      env.test.fails("c", () => undefined);
    });
    env.test.todo("d");
    expect(projectDefinitionOf(env.project())?.tests.map(({ name, mode }) => [name, mode])).toEqual([
      ["outer > inner > a", "skip"],
      ["outer > focus > b", "only"],
      ["outer > c", "fails"],
      ["d", "todo"],
    ]);
  });

  test("puts cases into names and hands them to the body", () => {
    const env = defineEnvironment({});
    const got: unknown[] = [];
    env.test.each([{ n: 1, who: { id: 2 } }])("%# n=$n who=$who $other", (_ctx, value) => got.push(value));
    const [only] = projectDefinitionOf(env.project())?.tests ?? [];
    expect(only?.name).toBe('0 n=1 who={"id":2} $other');
    only?.body?.(untyped({}));
    expect(got).toEqual([{ n: 1, who: { id: 2 } }]);
  });

  test.each<[string, () => unknown, RegExp]>([
    ["no object", () => defineEnvironment(untyped(3)), /takes an object, not 3/],
    ["unknown field", () => defineEnvironment(untyped({ service: {} })), /unknown field "service"; known are services, fakes/],
    ["no image", () => defineEnvironment({ services: { a: untyped({ image: "x" }) } }), /services\.a\.image must come from registry\(\)/],
    ["setup", () => defineEnvironment({ services: { a: { image, setup: untyped("x") } } }), /services\.a\.setup must be a function/],
    ["fake", () => defineEnvironment({ fakes: { f: untyped({ hostnames: [], handler: () => 1 }) } }), /fakes\.f\.hostnames must list/],
    ["handler", () => defineEnvironment({ fakes: { f: untyped({ hostnames: ["a"] }) } }), /fakes\.f\.handler must be a function/],
    ["name", () => defineEnvironment({}).test("", () => 1), /a test needs a name/],
    ["body", () => defineEnvironment({}).test("a", untyped({})), /test "a" has no body/],
    ["option", () => defineEnvironment({}).test("a", untyped({ timeout: 3 }), () => 1), /unknown field "timeout"/],
    ["time", () => defineEnvironment({}).test("a", { timeoutMs: 0 }, () => 1), /timeoutMs of test "a" must be a positive number/],
    ["parent", () => defineEnvironment({}).test("a", { dependsOn: untyped("b") }, () => 1), /must be what env\.test\(\) returned, not "b"/],
    ["after", () => defineEnvironment({}).test("a", { after: untyped(["b"]) }, () => 1), /after\[0\] of test "a"/],
    ["async describe", () => defineEnvironment({}).describe("d", async () => undefined), /is async/],
    ["database", () => postgres({ database: "no spaces please" }), /needs a database name/],
    ["each", () => defineEnvironment({}).test.each(untyped(3)), /test\.each takes an array/],
  ])("refuses: %s", (_name, act, message) => {
    expect(act).toThrow(ProjectError);
    expect(act).toThrow(message);
    expect(act).toThrow(/define\.test\.ts:\d+/);
  });

  test("refuses two parents and names both", () => {
    const env = defineEnvironment({});
    const a = env.test("a", () => undefined);
    const b = env.test("b", () => undefined);
    expect(() => env.test("c", { dependsOn: untyped([a, b]) }, () => undefined)).toThrow(
      /depends on 2 tests: "a" at .*define\.test\.ts:\d+ and "b" at .*define\.test\.ts:\d+/,
    );
  });
});

test("components are services whose every field can be overridden", () => {
  expect(postgres({ database: "shop" })).toMatchObject({
    image: registry("spectest/postgres:17"),
    env: { POSTGRES_DB: "shop", POSTGRES_USER: "postgres", POSTGRES_HOST_AUTH_METHOD: "trust" },
    readyCheck: { type: "tcp", port: 5432 },
  });
  const own = postgres({ database: "shop", password: "p", image, env: { TZ: "UTC" }, dependsOn: ["x"] });
  expect(own).toMatchObject({ image, env: { POSTGRES_PASSWORD: "p", TZ: "UTC" }, dependsOn: ["x"] });
  expect(redis({ password: "p" }).args).toEqual(["redis-server", "--requirepass", "p"]);
});

test("expect outside the guest says so", () => {
  expect(() => guestExpect(1)).toThrow(/only inside the guest/);
});

test.each([
  ["    at file:///a/b%20c.ts:3:5", { file: "/a/b c.ts", line: 3, column: 5 }],
  ["    at fn (/a/b.ts:3:5)", { file: "/a/b.ts", line: 3, column: 5 }],
  ["    at async /a/b.ts:3:5", { file: "/a/b.ts", line: 3, column: 5 }],
  ["    at new Promise (<anonymous>)", undefined],
  ["    at node:internal/x:1:2", undefined],
])("reads the frame %s", (line, site) => {
  expect(parseFrame(line)).toEqual(site);
});
