import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildHost, type HostFixture, type ProjectFiles, startHost } from "./harness.ts";

const HEAD = `import { defineEnvironment, registry } from "spectest";\nexport const env = defineEnvironment({});\n`;
const END = `\nexport default env.project();\n`;

describe("loading a project into the host", () => {
  let fixture: HostFixture;
  beforeAll(async () => {
    fixture = await buildHost();
  }, 60_000);
  afterAll(async () => {
    await rm(fixture.dir, { recursive: true, force: true });
  });

  const failure = async (files: ProjectFiles): Promise<unknown> => {
    try {
      await (await startHost(fixture, { "package.json": "{}", ...files })).close();
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it("says what it found instead of a project", async () => {
    expect(await failure({ "spectest/index.ts": "export const a = 1;" })).toMatchObject({
      code: "PROJECT_INVALID",
      message: "spectest/index.ts must default-export a project: it has no default export, only a",
    });
    expect(await failure({ "spectest/index.ts": `${HEAD}export default env;` })).toMatchObject({
      message: expect.stringContaining("the environment itself; call .project() on it"),
    });
  });

  it("names the place of a wrong definition", async () => {
    const index = `import { defineEnvironment, registry } from "spectest";
const env = defineEnvironment({
  services: { api: { image: registry("x"), readyCheck: { type: "tcp", port: 0 }, hostname: "typo" } as never },
});
export default env.project();`;
    const error = await failure({ "spectest/index.ts": index });
    expect(error).toMatchObject({ code: "PROJECT_INVALID", at: { file: "spectest/index.ts", line: 2 } });
    expect(String(error)).toMatch(/services\.api\.readyCheck\.port: /);
    expect(String(error)).toContain('"hostname"');
    expect(String(error)).toContain("(spectest/index.ts:2)");
  });

  it("refuses services that depend on nothing known, or on one another", async () => {
    const services = (text: string): string =>
      `import { defineEnvironment, registry } from "spectest"; const image = registry("x");
export default defineEnvironment({ services: ${text} }).project();`;
    expect(await failure({ "spectest/index.ts": services('{ a: { image, dependsOn: ["b"] } }') })).toMatchObject({
      code: "GRAPH_UNKNOWN",
    });
    const cycle = services('{ a: { image, dependsOn: ["b"] }, b: { image, dependsOn: ["a"] } }');
    expect(await failure({ "spectest/index.ts": cycle })).toMatchObject({
      code: "GRAPH_CYCLE",
      message: expect.stringContaining('"a" → "b" → "a"'),
    });
  });

  it("names both places of a duplicate id and of two parents", async () => {
    const files = (tests: string): ProjectFiles => ({
      "spectest/index.ts": HEAD + END,
      "spectest/tests/a.ts": `import { env } from "../index";\n${tests}`,
    });
    const duplicate = await failure(files('env.test("one", () => {});\nenv.test("one", () => {});'));
    expect(duplicate).toMatchObject({ code: "PROJECT_INVALID", at: { file: "spectest/tests/a.ts", line: 3 } });
    expect(String(duplicate)).toContain("spectest/tests/a.ts:2 and spectest/tests/a.ts:3");

    const parents = files(
      'const a = env.test("a", () => {});\nconst b = env.test("b", () => {});\nenv.test("c", { dependsOn: [a, b] as never }, () => {});',
    );
    const two = await failure(parents);
    expect(two).toMatchObject({ code: "PROJECT_INVALID", at: { file: "spectest/tests/a.ts", line: 4 } });
    expect(String(two)).toContain('"a" at spectest/tests/a.ts:2 and "b" at spectest/tests/a.ts:3');
    expect(two).toHaveProperty("hint", expect.stringContaining("after"));
  });

  it("reports what a file throws while it loads, with its place", async () => {
    const files = { "spectest/index.ts": HEAD + END, "spectest/tests/a.ts": 'import "../index";\n\nthrow new Error("not today");' };
    const error = await failure(files);
    expect(error).toMatchObject({ code: "PROJECT_INVALID", at: { file: "spectest/tests/a.ts", line: 3 } });
    expect(String(error)).toContain("not today");
  });

  it("keeps inline tests, loads again, and makes state anew", async () => {
    const index = `import { defineEnvironment } from "spectest";
let made = 0;
export const env = defineEnvironment({ fakes: { f: {
  hostnames: ["f.test"], state: () => ({ n: ++made }), handler: () => new Response(""), helpers: ({ state }) => ({ n: () => state.n }),
} } });
env.describe("inline", () => { env.test("test", (ctx) => { if (ctx.fakes.f.n() !== made) throw new Error("stale"); }); });
export default env.project();`;
    const host = await startHost(fixture, {
      "package.json": "{}",
      "spectest/index.ts": index,
      "spectest/tests/a.ts": 'import { env } from "../index";\nenv.test.each([1, 2])("n %s", () => {});\nenv.test.todo("later");',
    });
    try {
      const names = ["inline > test", "n 1", "n 2", "later"];
      expect(host.tests.map((test) => test.name)).toEqual(names);
      expect(host.tests[3]?.mode).toBe("todo");
      expect((await host.run("inline > test")).outcome.status).toBe("passed");
      await host.reload();
      expect((await host.peer.call("loadTests", host.testsParams)).tests.map((test) => test.name)).toEqual(names);
      expect((await host.run("inline > test")).outcome.error).toBeUndefined();
      await host.peer.call("unload", {});
      await expect(host.run("inline > test")).rejects.toMatchObject({ code: "DAEMON_BAD_REQUEST" });
    } finally {
      await host.close();
    }
  });

  it.each(["hello", "shop"])("loads the example %s", async (name) => {
    const root = join(import.meta.dirname, "../../../examples", name);
    const files: ProjectFiles = { "package.json": "{}" };
    for (const path of await readdir(join(root, "spectest"), { recursive: true })) {
      if (/\.m?[jt]s$/.test(path)) files[`spectest/${path}`] = await readFile(join(root, "spectest", path), "utf8");
    }
    const host = await startHost(fixture, files);
    expect(host.tests.length).toBeGreaterThan(0);
    await host.close();
  });

  it("evaluates modules, with state between them, and forgets secrets", async () => {
    const host = await startHost(fixture, { "package.json": "{}", "spectest/index.ts": HEAD + END });
    let count = 0;
    const evaluate = async (code: string, secrets?: Record<string, string>) => {
      const file = join(fixture.dir, `eval-${++count}.mjs`);
      await writeFile(file, code);
      return await host.peer.call("evaluate", { file, timeoutMs: 500, ...(secrets ? { secrets } : {}) });
    };
    try {
      expect(await evaluate("state.n = 41; console.log('hello'); export default { key: process.env.KEY };", { KEY: "k" })).toEqual({
        console: [{ level: "log", text: "hello" }],
        resultJson: '{"key":"k"}',
      });
      expect((await evaluate("export default [state.n + 1, process.env.KEY ?? null];")).resultJson).toBe("[42,null]");
      expect((await evaluate("export default (await ctx.exec('any', 'echo hi')).stdout;")).resultJson).toBe('"hi\\n"');
      expect((await evaluate("expect(1).toBe(2);")).error?.message).toContain("toBe");
      expect((await evaluate("await new Promise(() => {});")).error ?? {}).toMatchObject({ code: "TIMEOUT" });
      expect((await evaluate("export default typeof ctx;")).resultJson).toBe('"object"');
      expect((await evaluate("const loop = {}; loop.loop = loop; export default loop;")).error?.message).toContain("JSON");
    } finally {
      await host.close();
    }
  }, 20_000);
});
