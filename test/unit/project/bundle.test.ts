import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isSpectestError } from "../../../src/errors/index.ts";
import { type Bundle, bundleProject, findProject, type ProjectBundle } from "../../../src/project/index.ts";
import { sampleProject as project, writeFiles as write } from "../../support/projects.ts";

describe("bundleProject", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "spectest-bundle-"));
    await write(root, project);
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const bundle = async (): Promise<ProjectBundle> => bundleProject(await findProject(root), { bundlesDir: join(root, "guest") });

  it("lists test files in path order, without declarations and packages", async () => {
    const { tests, affects } = await bundle();
    expect(tests.entries).toEqual(["spectest/tests/a.mjs", "spectest/tests/deep/b.mjs", "spectest/tests/helpers/only-tests.mjs"]);
    expect([...affects.keys()]).toEqual(["spectest/tests/a.ts", "spectest/tests/deep/b.mts", "spectest/tests/helpers/only-tests.ts"]);
  });

  it("leaves the environment's hash alone when only a test changes", async () => {
    const before = await bundle();
    await writeFile(join(root, "spectest/tests/a.ts"), `${project["spectest/tests/a.ts"]}\nexport const more = 1;`);
    const after = await bundle();
    expect(after.env.hash).toBe(before.env.hash);
    expect(after.tests.hash).not.toBe(before.tests.hash);
    await writeFile(join(root, "spectest/lib/counter.ts"), "export const counter = { n: 7 };");
    expect((await bundle()).env.hash).not.toBe(before.env.hash);
  });

  it("does not depend on where the project lies", async () => {
    const before = await bundle();
    const elsewhere = await mkdtemp(join(tmpdir(), "spectest-elsewhere-"));
    await cp(root, elsewhere, { recursive: true });
    const after = await bundleProject(await findProject(elsewhere), { bundlesDir: join(root, "guest") });
    await rm(elsewhere, { recursive: true });
    expect(after.env.hash).toBe(before.env.hash);
    expect(after.tests.hash).toBe(before.tests.hash);
  });

  it("tells which sources a test file is made of", async () => {
    const before = await bundle();
    expect(before.affects.get("spectest/tests/deep/b.mts")?.inputs).toEqual([
      "spectest/tests/a.ts",
      "spectest/tests/deep/b.mts",
      "spectest/tests/helpers/only-tests.ts",
    ]);
    await writeFile(join(root, "spectest/tests/deep/b.mts"), "export {};");
    const after = await bundle();
    expect(after.affects.get("spectest/tests/a.ts")).toEqual(before.affects.get("spectest/tests/a.ts"));
    expect(after.affects.get("spectest/tests/deep/b.mts")?.hash).not.toBe(before.affects.get("spectest/tests/deep/b.mts")?.hash);
  });

  it("names sources in maps relative to the project", async () => {
    const { env, tests } = await bundle();
    expect(sourcesOf(tests)).toContain("spectest/tests/a.ts");
    expect(sourcesOf(env)).toEqual(expect.arrayContaining(["spectest/index.ts", "spectest/lib/counter.ts", "node_modules/stamp/index.js"]));
  });

  it("reports every syntax error with its place", async () => {
    await write(root, { "spectest/tests/a.ts": "const = 1;", "spectest/tests/c.ts": "\n  let x = ;" });
    const error = await bundle().catch((thrown: unknown) => thrown);
    expect(isSpectestError(error, "PROJECT_SYNTAX")).toBe(true);
    if (!isSpectestError(error)) return;
    expect(error.at).toEqual({ file: "spectest/tests/a.ts", line: 1, column: 7 });
    expect(error.message).toMatch(/spectest\/tests\/a\.ts:1:7: .*\n.*spectest\/tests\/c\.ts:2:11: Unexpected ";"/s);
  });

  it("says what to do about a missing package and about a native module", async () => {
    await write(root, { "spectest/tests/a.ts": 'import "not-there";' });
    await expect(bundle()).rejects.toMatchObject({ code: "PROJECT_SYNTAX", hint: expect.stringContaining("npm install") });
    await write(root, { "spectest/tests/a.ts": 'import "./x.node";' });
    await expect(bundle()).rejects.toThrow(/native module/);
  });

  it("does not load a test file twice when the entry imports it, and copes with no tests", async () => {
    await write(root, { "spectest/index.ts": `${project["spectest/index.ts"]}\nimport "./tests/solo";` });
    await rm(join(root, "spectest/tests"), { recursive: true });
    await write(root, { "spectest/tests/solo.ts": 'import { env } from "../index"; setTimeout(() => env.test("solo", () => ({})));' });
    const { env, tests } = await bundle();
    expect(env.inputs).toContain("spectest/tests/solo.ts");
    expect(tests.entries).toEqual([]);
  });

  it("ignores a tsconfig that maps spectest to sources", async () => {
    await write(root, { "tsconfig.json": '{"compilerOptions":{"paths":{"spectest":["./fake.ts"]}}}', "fake.ts": "export const fake = 1;" });
    expect((await bundle()).env.inputs).not.toContain("fake.ts");
  });

  it("stops when it is cancelled", async () => {
    const aborted = AbortSignal.abort(new Error("enough"));
    await expect(bundleProject(await findProject(root), { signal: aborted })).rejects.toThrow("enough");
  });
});

/** Sources of all maps of a bundle; each must carry its content. */
function sourcesOf(bundle: Bundle): string[] {
  const maps = [...bundle.files].filter(([path]) => path.endsWith(".map"));
  return maps.flatMap(([, contents]) => {
    const map: { sources: string[]; sourcesContent: string[] } = JSON.parse(Buffer.from(contents).toString());
    expect(map.sourcesContent).toHaveLength(map.sources.length);
    return map.sources;
  });
}
