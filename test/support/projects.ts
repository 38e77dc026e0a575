/** A small project with every kind of module that the environment and the tests can share. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

export const sampleProject = {
  "spectest/index.ts": `
    import { defineEnvironment } from "spectest";
    import { counter } from "./lib/counter";
    import { stamp } from "stamp";
    import legacy from "./lib/legacy.cjs";
    import cjsPackage from "cjs-package";
    export const env = defineEnvironment({ counter, stamp, legacy, cjsPackage });
    export default env.project({});
  `,
  "spectest/lib/counter.ts": "export const counter: { n: number } = { n: 0 };",
  "spectest/lib/legacy.cjs": 'const os = require("os"); exports.box = { os: typeof os.cpus };',
  "spectest/tests/a.ts": `
    import { env } from "../index";
    import { counter } from "../lib/counter.js";
    import { box } from "../lib/legacy.cjs";
    import { stamp } from "stamp";
    import { value } from "cjs-package";
    import { onlyTests } from "./helpers/only-tests";
    export const first = env.test("a", () => ({ counter, box, stamp, value, onlyTests }));
  `,
  "spectest/tests/deep/b.mts": `
    import { env } from "../../index.ts";
    import { first } from "../a.ts";
    import { onlyTests } from "../helpers/only-tests.ts";
    env.test("b", () => ({ first, onlyTests }));
  `,
  "spectest/tests/helpers/only-tests.ts": "export const onlyTests = { of: 'tests' };",
  "spectest/tests/types.d.ts": "export type T = number;",
  "spectest/tests/node_modules/x/skip.ts": "throw new Error('never')",
  "node_modules/stamp/package.json": '{"name":"stamp","type":"module","exports":"./index.js"}',
  "node_modules/stamp/index.js": "export const stamp = { at: {} };",
  "node_modules/cjs-package/package.json": '{"name":"cjs-package","main":"main.js"}',
  "node_modules/cjs-package/main.js": "module.exports = { value: { shared: true } };",
};

/** Writes files below `root`, making directories as needed. */
export async function writeFiles(root: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [path, contents] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), contents);
  }
}
