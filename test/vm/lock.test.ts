import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withFileLock } from "../../qemu/lock/fileLock.ts";
import { bundled, startProgram } from "./programs.ts";

test("two processes racing for one lock are never in it together", async () => {
  const dir = await mkdtemp(join(tmpdir(), "spectest-race-"));
  const log = join(dir, "log");
  const program = await bundled("locker");
  const racers = [1, 2, 3].map(() => spawn(process.execPath, [program, join(dir, "locks"), log], { stdio: "inherit" }));
  expect(await Promise.all(racers.map(async (racer) => (await once(racer, "exit"))[0]))).toEqual([0, 0, 0]);
  const lines = (await readFile(log, "utf8")).trim().split("\n");
  expect(lines).toHaveLength(60);
  for (let at = 0; at < lines.length; at += 2) expect(lines[at + 1]).toBe(lines[at]?.replace("in", "out"));
});

test("a lock survives nothing of its holder: after kill -9 the waiter, told who held it, gets it", async () => {
  const dir = await mkdtemp(join(tmpdir(), "spectest-race-"));
  const { child } = await startProgram(await bundled("locker"), [dir, join(dir, "log"), "hang"]);
  const holders: number[] = [];
  const waited = withFileLock(dir, "contended", async () => "mine", {
    onWait: ({ pid }) => {
      holders.push(pid);
      child.kill("SIGKILL");
    },
  });
  expect(await waited).toBe("mine");
  expect(holders).toEqual([child.pid]);
});
