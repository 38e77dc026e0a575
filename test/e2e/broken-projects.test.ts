/** What people meet first when something is wrong: an exit code that says which kind, and a message that names the place. */
import { describe, expect, it } from "vitest";
import { byStatus, copyOf, spectest, testReport } from "./spectest.ts";

const project = 2;
const bringUp = 3;

describe("a broken project", () => {
  it.each([
    ["wrong-default", project, /spectest\/index\.ts must default-export a project/],
    ["no-default", project, /no default export.*env/],
    ["syntax-error", project, /spectest\/tests\/broken\.ts:4:9/],
    ["unknown-parent", project, /of another environment.*\n?.*spectest\/index\.ts:\d/],
    ["forged-parent", project, /must be what env\.test\(\) returned.*spectest\/index\.ts:6/],
    ["cycle", project, /cycle: "first" → "second" → "first"/],
    ["duplicate-id", project, /twin.*spectest\/index\.ts:[56].*spectest\/index\.ts:[56]/s],
    ["failing-setup", bringUp, /the seed data is missing/],
    ["never-ready", bringUp, /deaf was not ready within 3 s/],
    ["service-exits", bringUp, /dying.*exit(ed)?( with)?( code)? 3/s],
  ])("%s ends with %i and says what is wrong", async (name, exitCode, message) => {
    await using copy = await copyOf(`test/fixtures/projects/${name}`);
    const ended = await spectest(copy.dir, "test");
    expect(`${ended.stdout}${ended.stderr}`).toMatch(message);
    expect(ended.exitCode).toBe(exitCode);
  });

  it("shows the last words of a service that was never ready", async () => {
    await using copy = await copyOf("test/fixtures/projects/never-ready");
    const ended = await spectest(copy.dir, "test");
    expect(`${ended.stdout}${ended.stderr}`).toContain("listening to nobody");
  });
});

it("a failed test blocks what depends on it, and nothing else", async () => {
  await using copy = await copyOf("test/fixtures/projects/failing-parent");
  const report = await testReport(copy.dir);
  expect(report.exitCode).toBe(1);
  expect(byStatus(report, "failed")).toEqual(["parent fails"]);
  expect(byStatus(report, "blocked").sort()).toEqual(["child is blocked", "grandchild is blocked"]);
  expect(byStatus(report, "passed").sort()).toEqual(["root passes", "sibling passes"]);
});

it("outside of a project the next step is named", async () => {
  await using copy = await copyOf("test/fixtures/projects/wrong-default/spectest");
  const ended = await spectest(copy.dir, "test");
  expect(ended.exitCode).toBe(project);
  expect(ended.stderr).toMatch(/no spectest\/ directory.*\n.*spectest init/s);
});
