/** Both ends of a bundle: esbuild on the host makes it, a real Node (in the guest: the project host) loads it. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { bundleProject, findProject } from "../../../src/project/index.ts";
import { sampleProject, writeFiles } from "../../support/projects.ts";

const fakeSpectest = `
  export const log = [];
  export const defineEnvironment = (spec) => ({ spec, test: (name, fn) => log.push({ name, fn, env: spec }), project: () => ({ spec }) });
`;

// Loads the environment, then the tests, as two steps; says of each thing the tests saw whether it is the environment's own.
const loader = `
  import { log } from "spectest";
  const [envEntry, ...testEntries] = process.argv.slice(2);
  const { default: { spec } } = await import(envEntry);
  for (const entry of testEntries) await import(entry);
  const [a, b] = log;
  const seen = a.fn();
  console.log(JSON.stringify({
    tests: log.map((test) => test.name),
    env: a.env === spec && b.env === spec,
    ownFile: seen.counter === spec.counter,
    ownCommonJs: seen.box === spec.legacy.box,
    package: seen.stamp === spec.stamp,
    commonJsPackage: seen.value === spec.cjsPackage.value,
    sharedByTests: b.fn().onlyTests === seen.onlyTests,
  }));
`;

it("gives the tests the environment's own module instances", async () => {
  const root = await mkdtemp(join(tmpdir(), "spectest-identity-"));
  try {
    await writeFiles(root, sampleProject);
    const bundlesDir = join(root, "guest");
    const { env, tests } = await bundleProject(await findProject(root), { bundlesDir });
    for (const bundle of [env, tests]) await writeFiles(join(bundlesDir, bundle.hash), Object.fromEntries(bundle.files));
    await writeFiles(bundlesDir, {
      "node_modules/spectest/package.json": '{"type":"module","exports":"./index.js"}',
      "node_modules/spectest/index.js": fakeSpectest,
      "load.mjs": loader,
    });
    const entries = [join(env.hash, env.entry), ...tests.entries.map((entry) => join(tests.hash, entry))].map((path) => `./${path}`);
    const { stdout } = await promisify(execFile)(process.execPath, ["load.mjs", ...entries], { cwd: bundlesDir });
    expect(JSON.parse(stdout)).toEqual({
      tests: ["a", "b"],
      env: true,
      ownFile: true,
      ownCommonJs: true,
      package: true,
      commonJsPackage: true,
      sharedByTests: true,
    });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
