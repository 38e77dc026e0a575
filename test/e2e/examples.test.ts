/** The examples are what a reader tries first: every test of them passes, and nothing is built twice. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { byStatus, copyOf, testReport } from "./spectest.ts";

it("hello passes, and starts warm the second time", async () => {
  await using project = await copyOf("examples/hello");
  const first = await testReport(project.dir);
  expect(byStatus(first, "failed"), first.stderr).toEqual([]);
  expect(first.totals).toMatchObject({ passed: 2, failed: 0 });
  expect(first.exitCode).toBe(0);

  const second = await testReport(project.dir, "--no-cache");
  expect(second.totals).toMatchObject({ passed: 2, failed: 0 });
  expect(second.run.bringUp?.kind).toBe("warm");
});

it("shop passes: siblings destroy, and nobody notices", async () => {
  await using project = await copyOf("examples/shop");
  const report = await testReport(project.dir);
  expect(report.tests.filter((test) => test.status !== "passed").map((test) => [test.name, test.status, test.error?.message])).toEqual([]);
  expect(report.totals).toMatchObject({ passed: 18, failed: 0, blocked: 0 });
  expect(Math.max(...report.tests.map((test) => depthOf(report, test.id)))).toBeGreaterThanOrEqual(5);
});

it("a changed test does not rebuild the environment", async () => {
  await using project = await copyOf("examples/shop");
  const file = join(project.dir, "spectest/tests/accounts.ts");
  await writeFile(file, (await readFile(file, "utf8")).replaceAll("Ada", "Grace"));
  const report = await testReport(project.dir, "-g", "sign in$");
  expect(report.run.bringUp?.kind).toBe("warm");
  expect(byStatus(report, "passed")).toEqual(expect.arrayContaining(["sign up", "sign in"]));
});

function depthOf(report: Awaited<ReturnType<typeof testReport>>, id: string): number {
  const parent = report.tests.find((test) => test.id === id)?.parent;
  return parent === undefined ? 1 : 1 + depthOf(report, parent);
}
