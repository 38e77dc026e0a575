import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { forksThatFit } from "../../../qemu/capacity/memory.ts";
import { emptyOverlay } from "../../../qemu/fork/qcow2.ts";
import { homePaths } from "../../../qemu/homePaths.ts";
import { backingReference } from "../../../qemu/instance/disks.ts";
import { claimHome } from "../../../qemu/instance/home.ts";
import { isAlive, processId } from "../../../qemu/instance/processId.ts";
import { reapInstances } from "../../../qemu/instance/reaper.ts";
import { createInstanceDir, newRecord, readRecord, writeRecord } from "../../../qemu/instance/record.ts";
import { socketDir, socketsFit } from "../../../qemu/process/paths.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "spectest-unit-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe("the state directory", () => {
  test("somebody else's is left alone", async () => {
    await writeFile(join(dir, "thesis.tex"), "");
    await expect(claimHome(dir)).rejects.toMatchObject({ code: "STORE_FOREIGN", message: expect.stringContaining("thesis.tex") });
  });
  test("an empty or known one is taken, again and again", async () => {
    const paths = await claimHome(dir);
    await writeFile(join(dir, "anything"), "");
    await claimHome(dir);
    expect((await stat(paths.vms)).mode & 0o777).toBe(0o700);
  });
});

describe("clean-up", () => {
  test("takes what a dead process left, keeps the living's and what is not ours", async () => {
    const paths = await claimHome(dir);
    const fields = { accelerator: "tcg" as const, memoryMib: 1, cpus: 1, imageDigest: "i", labels: {} };
    const [dead, alive, foreign] = ["dead", "alive", "foreign"].map((name) => join(paths.vms, name));
    for (const id of ["dead", "alive"]) {
      const record = newRecord({ id, ...fields });
      if (id === "dead") record.owner = { pid: process.pid, startTime: "1" };
      await writeRecord(await createInstanceDir(paths.vms, id), record);
    }
    await mkdir(foreign ?? "");
    expect(await reapInstances(paths)).toEqual([dead]);
    expect((await readRecord(alive ?? ""))?.id).toBe("alive");
    expect((await stat(foreign ?? "")).isDirectory()).toBe(true);
  });
  test("refuses a directory without the marker", async () => {
    await expect(reapInstances(homePaths(dir))).rejects.toMatchObject({ code: "STORE_FOREIGN" });
  });
});

test("a process is told from a later one with its number", () => {
  const me = processId(process.pid);
  expect(isAlive(me)).toBe(true);
  expect(isAlive({ ...me, startTime: "1" })).toBe(false);
});

describe("sockets", () => {
  test("lie in the machine's directory while their paths fit in 107 bytes", () => {
    expect(socketsFit(`/${"d".repeat(107 - 1 - 1 - "control.sock".length)}`)).toBe(true);
    expect(socketsFit(`/${"d".repeat(107 - 1 - "control.sock".length)}`)).toBe(false);
    expect(socketDir("/home/vms/x")).toEqual({ dir: "/home/vms/x", own: false });
  });
  test("get a private directory of their own otherwise", async () => {
    const made = socketDir(`/home/${"long".repeat(30)}`, { XDG_RUNTIME_DIR: dir });
    expect(made.own).toBe(true);
    expect(made.dir.startsWith(dir)).toBe(true);
    expect((await stat(made.dir)).mode & 0o777).toBe(0o700);
  });
});

describe("disks", () => {
  test("refer to each other relatively inside the state directory", () => {
    const paths = homePaths("/h");
    expect(backingReference(paths, "/h/snapshots/a/disk.qcow2")).toBe("../../snapshots/a/disk.qcow2");
    expect(backingReference(paths, "/elsewhere/disk.raw")).toBe("/elsewhere/disk.raw");
  });
  test("an empty overlay says its size and what lies below", () => {
    const image = emptyOverlay({ virtualSizeBytes: 16 * 2 ** 30, backingPath: "../../x/disk.raw", backingFormat: "raw" });
    expect(image.readBigUInt64BE(24)).toBe(BigInt(16 * 2 ** 30));
    const at = Number(image.readBigUInt64BE(8));
    expect(image.toString("utf8", at, at + image.readUInt32BE(16))).toBe("../../x/disk.raw");
  });
});

test("capacity follows free memory and what a fork costs", () => {
  const cost = { accelerator: "tcg" as const, memoryMib: 2048, deltaMib: 0 };
  expect(forksThatFit(400, 8192, cost)).toBe(0);
  expect(forksThatFit(8192, 8192, cost)).toBeGreaterThan(forksThatFit(4096, 8192, cost));
  expect(forksThatFit(8192, 8192, { ...cost, deltaMib: 500 })).toBeLessThan(forksThatFit(8192, 8192, cost));
});
