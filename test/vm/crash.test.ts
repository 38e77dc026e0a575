import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ImageInfo, SnapshotInfo, VmEngine } from "../../qemu/index.ts";
import { TEST_HOME, testEngine, testTemplate } from "./machines.ts";
import { bundled, processGone, startProgram } from "./programs.ts";

let engine: VmEngine;
let template: SnapshotInfo;

beforeAll(async () => {
  engine = await testEngine();
  template = await testTemplate(engine);
});
afterAll(() => engine?.close());

async function imageOf({ imageDigest }: SnapshotInfo): Promise<ImageInfo> {
  return (await engine.images.find(imageDigest)) ?? expect.fail("the template's image is gone");
}

test("kill -9 of the tool ends its machines, the next start removes their files", async () => {
  const { child, line } = await startProgram(await bundled("owner"), [TEST_HOME, template.id]);
  const { machines, snapshot }: { machines: { id: string; pid: number }[]; snapshot: string } = JSON.parse(line);
  const left = async (): Promise<string[]> =>
    (await readdir(join(TEST_HOME, "vms"))).filter((name) => machines.some(({ id }) => id === name));
  expect(machines.map(({ pid }) => processGone(pid))).toEqual([false, false]);
  expect((await engine.snapshots.get(snapshot)).kind).toBe("delta");
  child.kill("SIGKILL");
  await once(child, "exit");
  await expect.poll(() => machines.every(({ pid }) => processGone(pid)), { timeout: 2000, interval: 10 }).toBe(true);
  expect(await left()).toHaveLength(2);
  const next = await testEngine();
  expect(await left()).toEqual([]);
  await expect(next.snapshots.get(snapshot)).rejects.toMatchObject({ code: "SNAPSHOT_NOT_FOUND" });
  await next.close();
});

describe("a dead QEMU is noticed at once", () => {
  test("while a request waits", async () => {
    const vm = await engine.fork(template.id);
    const waiting = vm.agent.exec(["sleep", "60"]);
    const control = await vm.openControl();
    const closed = once(control, "close").catch((error: unknown) => [error]);
    await vm.agent.ping();
    process.kill(vm.info.pid ?? expect.fail(), "SIGKILL");
    await expect(waiting).rejects.toMatchObject({ code: "VM_DEAD", message: expect.stringContaining("killed by SIGKILL") });
    expect(await vm.exited).toMatchObject({ signal: "SIGKILL", expected: false });
    await closed;
    expect(vm.state).toBe("failed");
    await expect(vm.agent.ping()).rejects.toMatchObject({ code: "VM_DEAD" });
    await expect(vm.capture({ key: "test of the dead" })).rejects.toMatchObject({ code: "VM_DEAD" });
    await vm.stop();
    await vm.stop();
    expect(vm.state).toBe("stopped");
  });

  test("while it boots", async () => {
    const booting = engine.boot(await imageOf(template), { name: "doomed", memoryMib: 512 });
    booting.catch(() => undefined);
    const pidOf = async (): Promise<number | undefined> => (await engine.list()).find(({ name }) => name === "doomed")?.pid;
    await expect.poll(pidOf, { timeout: 10_000, interval: 20 }).toBeDefined();
    process.kill((await pidOf()) ?? expect.fail(), "SIGKILL");
    await expect(booting).rejects.toMatchObject({ code: "VM_DEAD", message: expect.stringContaining("booting the guest") });
    expect((await engine.list()).filter(({ name }) => name === "doomed")).toEqual([]);
  });

  test("and QEMU's own words are in the error", async () => {
    const image = await imageOf(template);
    const broken = { ...image, kernelPath: "/nonexistent/vmlinuz" };
    await expect(engine.boot(broken, { memoryMib: 512 })).rejects.toMatchObject({
      code: "VM_DEAD",
      message: expect.stringContaining("/nonexistent/vmlinuz"),
    });
  });
});
