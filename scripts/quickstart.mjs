#!/usr/bin/env node
/**
 * From a fresh clone to a green run of the shop example: `npm run quickstart`.
 * Installs the packages, builds, sets the host up (asks once at a terminal) and runs examples/shop.
 * Options are passed on to `spectest test`.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installIfNeeded } from "./steps/install.mjs";
import { program, Steps } from "./steps/steps.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const spectest = join(root, "bin/spectest");
const options = process.argv.slice(2).filter((word) => word !== "--yes");
const setUpOptions = process.stdin.isTTY && !process.argv.includes("--yes") ? [] : ["--yes"];

const steps = new Steps();
const passed =
  (await steps.run("install packages", () => installIfNeeded(root))) &&
  (await steps.run("build", () => program(process.execPath, [join(root, "scripts/build.mjs"), "--no-types"], { cwd: root }))) &&
  (await steps.run("set the host up", () => program(process.execPath, [spectest, "setup", ...setUpOptions], { cwd: root }))) &&
  (await steps.run("test the shop", () => program(process.execPath, [spectest, "test", ...options], { cwd: join(root, "examples/shop") })));
steps.printTable();
if (passed) {
  console.log("\nNow try, in examples/shop:  ../../bin/spectest up   or   ../../bin/spectest replay");
}
process.exitCode = passed ? 0 : 1;
