/** What a run leaves behind when it is killed, cancelled, or not alone. */
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { spectestHome } from "../../src/platform/index.ts";
import { copyOf, spectest, start, testReport } from "./spectest.ts";

interface Machine {
  id: string;
  pid: number;
}

/** Machines whose holder is this process, by what the store says of them. */
function machinesOf(holder: number): Machine[] {
  const vms = join(spectestHome(), "vms");
  return readdirSync(vms).flatMap((id) => {
    try {
      const { owner, qemu } = JSON.parse(readFileSync(join(vms, id, "vm.json"), "utf8"));
      return owner.pid === holder && qemu ? [{ id, pid: qemu.pid }] : [];
    } catch {
      return [];
    }
  });
}

function isGone(pid: number): boolean {
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return true;
  }
}

/** TCP ports a process listens on. */
function listeningPorts(pid: number): string[] {
  const inodes = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`).replace(/^socket:\[(\d+)\]$/, "$1")));
  return ["tcp", "tcp6"].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, "utf8")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === "0A" && inodes.has(fields[9] ?? ""))
      .map((fields) => fields[1] ?? ""),
  );
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

async function slowProject(): ReturnType<typeof copyOf> {
  const project = await copyOf("examples/hello");
  const source = `import { env } from "../index";
env.test("takes its time", { timeoutMs: 120_000 }, async () => { await new Promise((resolve) => setTimeout(resolve, 100_000)); });
`;
  await writeFile(join(project.dir, "spectest/tests/slow.ts"), source);
  return project;
}

it("a killed run leaves no machine at once, and no file after the next start", async () => {
  await using project = await slowProject();
  const run = start(project.dir, "test", "--ui", "json", "takes its time");
  await run.shows(/"test-started"/);
  const machines = machinesOf(run.pid);
  expect(machines.length).toBeGreaterThan(0);
  for (const pid of [run.pid, ...machines.map((machine) => machine.pid)]) expect(listeningPorts(pid)).toEqual([]);
  for (const { id } of machines) {
    const dir = join(spectestHome(), "vms", id);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    const sockets = readdirSync(dir).filter((name) => name.endsWith(".sock"));
    expect(sockets.map((name) => [name, statSync(join(dir, name)).mode & 0o777])).toEqual(sockets.map((name) => [name, 0o600]));
  }
  run.kill("SIGKILL");
  await run.ended;
  await expect.poll(() => machines.filter(({ pid }) => !isGone(pid)), { timeout: 2_000, interval: 10 }).toEqual([]);
  const next = await testReport(project.dir, "counts");
  expect(next.totals).toMatchObject({ passed: 2, failed: 0 });
  expect(readdirSync(join(spectestHome(), "vms")).filter((name) => machines.some(({ id }) => id === name))).toEqual([]);
});

it("Ctrl-C cancels, tears down and exits with 130", async () => {
  await using project = await slowProject();
  const run = start(project.dir, "test", "takes its time");
  await expect.poll(() => machinesOf(run.pid).length, { timeout: 60_000 }).toBeGreaterThan(0);
  const machines = machinesOf(run.pid);
  run.kill("SIGINT");
  const { exitCode, stderr } = await run.ended;
  expect(exitCode, stderr).toBe(130);
  expect(stderr).toContain("again to force");
  expect(machines.filter(({ pid }) => !isGone(pid))).toEqual([]);
  expect(machinesOf(run.pid)).toEqual([]);
});

it("two first runs of one project: the second is told that it waits, both pass, no body runs twice", async () => {
  await using project = await copyOf("examples/hello");
  const index = join(project.dir, "spectest/index.ts");
  await writeFile(index, readFileSync(index, "utf8").replace("redis()", `redis({ env: { MARK: "${project.dir}" } })`));
  const runs = [start(project.dir, "test", "--ui", "json"), start(project.dir, "test", "--ui", "json")];
  const ends = await Promise.all(runs.map((run) => run.ended));
  const events = ends.map(({ stdout }) =>
    stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  );
  expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  expect(events.flat().filter(({ type, state }) => type === "phase" && state === "waiting")).toHaveLength(1);
  for (const list of events) {
    const started: string[] = list.filter(({ type }) => type === "test-started").map(({ id }) => id);
    expect(started).toHaveLength(2);
    expect(new Set(started).size).toBe(2);
  }
});

it("--fresh brings an environment up anew, with its tests", async () => {
  await using project = await copyOf("examples/hello");
  await spectest(project.dir, "test");
  const report = await testReport(project.dir, "--fresh");
  expect(report.exitCode, report.stderr).toBe(0);
  expect(report.run.bringUp?.kind).toBe("cold");
});
