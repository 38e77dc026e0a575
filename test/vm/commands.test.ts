/** The real command line over real machines: `vm` from start to rm, each command in a process of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SnapshotInfo, VmInfo } from "../../qemu/index.ts";
import { PtyScreen } from "../support/pty.ts";
import { TEST_HOME, testEngine, testImage } from "./machines.ts";
import { processGone } from "./programs.ts";

const program = new URL("../../bin/spectest", import.meta.url).pathname;
const env = { PATH: process.env.PATH, HOME: process.env.HOME, LANG: "C.UTF-8", SPECTEST_HOME: TEST_HOME };

/** Names of this run alone: an earlier one may have been ended in the middle. */
const warm = `warm-${process.pid}`;
const one = `one-${process.pid}`;

interface Result {
  code: number | null;
  out: string;
  err: string;
}

async function vm(...words: readonly string[]): Promise<Result> {
  const child = spawn(process.execPath, [program, "vm", ...words], { env, stdio: ["ignore", "pipe", "pipe"] });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code, out, err };
}

async function json<T>(...words: readonly string[]): Promise<T> {
  const { code, out, err } = await vm(...words, "--json");
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

interface Started {
  holderPid: number;
  vm: VmInfo;
}

/** In the machine; `--` and options of ours come before the command. */
async function inside(name: string, line: string): Promise<Result> {
  return vm("shell", name, "--", line);
}

const started: number[] = [];
async function start(...words: readonly string[]): Promise<Started> {
  const answer = await json<Started>(...words, "--detach");
  started.push(answer.holderPid, answer.vm.pid ?? 0);
  return answer;
}

beforeAll(async () => {
  const engine = await testEngine();
  await testImage(engine);
  await engine.close();
});
afterAll(() => {
  for (const pid of started) if (pid > 0 && !processGone(pid)) process.kill(pid, "SIGTERM");
});

test("a machine is started, looked into, captured, forked, stopped and removed", async () => {
  const first = await start("start", "--name", one, "--memory", "768");
  expect(first.vm).toMatchObject({ name: one, state: "running", memoryMib: 768 });
  const listed = await json<{ machines: VmInfo[] }>("ls");
  expect(listed.machines.map(({ id }) => id)).toEqual([first.vm.id]);
  expect(await json("info", one)).toMatchObject({ vm: { id: first.vm.id, state: "running" } });

  expect(await inside(one, "echo hi; echo low >&2; exit 3")).toEqual({ code: 3, out: "hi\n", err: "low\n" });
  expect((await vm("shell", one, "--", "printf", "%s|", "a b", "-x")).out).toBe("a b|-x|");
  expect(await vm("shell", one)).toMatchObject({ code: 2, err: expect.stringContaining("spectest vm shell VM -- COMMAND") });
  await inside(one, "echo before >/root/marker");

  const { snapshot, pauseMs } = await json<{ snapshot: SnapshotInfo; pauseMs: number }>("capture", one, "--name", warm);
  expect(snapshot).toMatchObject({ name: warm, kind: "template" });
  expect(pauseMs).toBeLessThan(5000);
  expect(await vm("capture", one, "--name", warm)).toMatchObject({ code: 2, err: expect.stringContaining(snapshot.id) });
  await inside(one, "echo after >/root/marker");

  const child = await start("fork", warm, "--name", "child");
  expect(child.vm).toMatchObject({ from: snapshot.id, name: "child" });
  expect((await inside("child", "cat /root/marker")).out).toBe("before\n");
  // Of a running machine: captured and forked in one.
  const twin = await start("fork", one, "--name", "twin", "--network", "denied");
  expect((await inside("twin", "cat /root/marker")).out).toBe("after\n");
  expect(await vm("rm", warm)).toMatchObject({ code: 4, err: expect.stringContaining("needed by") });

  await vm("stop", "twin", "--now");
  expect(await json("stop", "child")).toMatchObject({ stopped: child.vm.id });
  expect((await json<{ machines: VmInfo[] }>("ls")).machines.map(({ id }) => id)).toEqual([first.vm.id]);
  await json("stop", first.vm.id);
  expect(await vm("stop", one)).toMatchObject({ code: 4, err: expect.stringContaining("spectest vm ls") });
  await json("rm", twin.vm.from ?? "");
  expect(await json("rm", warm)).toMatchObject({ removed: snapshot.id });

  await expect.poll(() => started.every(processGone), { timeout: 5000 }).toBe(true);
  expect(await readdir(join(TEST_HOME, "vms"))).toEqual([]);
});

test("a resumed machine has a shell at its console, which gives the terminal back, and dies with its holder", async () => {
  const booted = await start("start", "--name", "origin", "--memory", "768");
  const { snapshot } = await json<{ snapshot: SnapshotInfo }>("capture", "origin", "--stop");
  await expect.poll(() => processGone(booted.holderPid), { timeout: 5000 }).toBe(true);
  const resumed = await start("resume", snapshot.id);

  const screen = new PtyScreen(process.execPath, [program, "vm", "shell", resumed.vm.id], {
    columns: 100,
    rows: 30,
    env: { SPECTEST_HOME: TEST_HOME },
  });
  await screen.waitFor("Ctrl-]");
  await screen.waitFor("root@");
  screen.type("stty size; echo $((6*7))\r");
  await screen.waitFor("30 100");
  await screen.waitFor("42");
  screen.type("\u001d");
  expect(await screen.exited).toBe(0);
  expect(screen.history()).toContain(`left machine ${resumed.vm.id}`);

  process.kill(resumed.holderPid, "SIGKILL");
  await expect.poll(() => processGone(resumed.vm.pid ?? 0), { timeout: 2000 }).toBe(true);
  expect(await vm("capture", resumed.vm.id)).toMatchObject({ code: 4, err: expect.stringContaining("there is no machine") });
  await json("rm", snapshot.id);
  expect(await readdir(join(TEST_HOME, "vms"))).not.toContain(resumed.vm.id);
});
