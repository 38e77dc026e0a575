#!/usr/bin/env node
/**
 * Everything a change must pass: `npm test`, also in a fresh clone. Static checks and quick suites first, then the
 * suites on real machines. Ends with a line "N passed, N failed, N skipped", in which each static check counts as one.
 *
 *   node scripts/test.mjs [--quick]     --quick leaves out everything that needs a machine
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installIfNeeded } from "./steps/install.mjs";
import { program, Steps } from "./steps/steps.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const quick = process.argv.includes("--quick");
const node = (script, args, options) => program(process.execPath, [join(root, script), ...args], { cwd: root, ...options });

const steps = new Steps();
const totals = { passed: 0, failed: 0, skipped: 0 };
let reports;

async function check(name, work) {
  const passed = await steps.run(name, work);
  totals[passed ? "passed" : "failed"] += 1;
  return passed;
}

/** Runs suites; a suite that fails without a failed test (a crash, a time-out, no test at all) counts as one failure. */
async function suites(name, projects, { limitMs, mustRun }) {
  const report = join(reports, `${projects.join("-")}.json`);
  let counted = { passed: 0, failed: 0, skipped: 0 };
  const passed = await steps.run(name, async () => {
    const filters = projects.flatMap((project) => ["--project", project]);
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const run = node("node_modules/vitest/vitest.mjs", ["run", "--passWithNoTests", ...filters, ...reporters], { limitMs });
    const outcome = await run.then(
      () => undefined,
      (error) => error,
    );
    counted = await readReport(report);
    if (outcome) throw outcome;
    if (mustRun && counted.passed === 0) throw new Error("no test ran");
    return `${counted.passed} passed, ${counted.skipped} skipped`;
  });
  if (!passed && counted.failed === 0) counted.failed = 1;
  for (const key of Object.keys(totals)) totals[key] += counted[key];
  return counted;
}

async function readReport(path) {
  const report = await readFile(path, "utf8").then(JSON.parse, () => ({}));
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = report;
  return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
}

async function onMachines() {
  if (!(await check("host set-up", () => node("bin/spectest", ["setup", "--yes"], { limitMs: 30 * 60_000 })))) return;
  const limitMs = 40 * 60_000;
  await suites("machine suite", ["vm"], { limitMs, mustRun: true });
  await suites("end-to-end suite", ["e2e"], { limitMs, mustRun: true });
}

async function main() {
  if (!(await check("packages", () => installIfNeeded(root)))) return;
  reports = await mkdtemp(join(tmpdir(), "spectest-reports-"));
  if (!(await check("build", () => node("scripts/build.mjs", [])))) return;
  await check("types", () => node("node_modules/typescript/bin/tsc", ["-p", ".", "--noEmit"]));
  await check("types of the examples", () => node("node_modules/typescript/bin/tsc", ["-p", "examples"]));
  await check("lint", () => node("node_modules/oxlint/bin/oxlint", ["--type-aware"]));
  await check("format", () => node("node_modules/@biomejs/biome/bin/biome", ["format"]));
  await suites("quick suites", ["unit", "contract", "tui", "architecture"], { limitMs: 15 * 60_000, mustRun: true });
  if (!quick) await onMachines();
}

await main();
if (reports) await rm(reports, { recursive: true, force: true });
steps.printTable();
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed === 0 && steps.failed === 0 ? 0 : 1;
