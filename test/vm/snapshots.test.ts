import { copyFile, readFile, rename, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SnapshotInfo, VmEngine } from "../../qemu/index.ts";
import { TEST_HOME, testEngine, testTemplate } from "./machines.ts";

let engine: VmEngine;
let template: SnapshotInfo;
let delta: SnapshotInfo;
const dirOf = (id: string): string => join(TEST_HOME, "snapshots", id);

beforeAll(async () => {
  engine = await testEngine();
  template = await testTemplate(engine);
  const vm = await engine.fork(template.id);
  delta = (await vm.capture({ key: "test damage", then: "stop" })).snapshot;
});
afterAll(async () => {
  await engine?.snapshots.remove(delta.id);
  await engine?.close();
});

async function refused(field: string): Promise<void> {
  const start = performance.now();
  for (const attempt of [() => engine.snapshots.validate(delta.id), () => engine.fork(delta.id)]) {
    await expect(attempt()).rejects.toMatchObject({ code: "SNAPSHOT_INVALID", value: { field } });
  }
  expect(performance.now() - start).toBeLessThan(2000);
}

/** Puts the file back as it was, times included. */
async function changing(path: string, change: () => Promise<void>, check: () => Promise<void>): Promise<void> {
  const backup = `${path}.kept`;
  const { atime, mtime } = await stat(path);
  await rename(path, backup);
  await copyFile(backup, path);
  await utimes(path, atime, mtime);
  try {
    await change();
    await check();
  } finally {
    await rm(path, { force: true });
    await rename(backup, path);
  }
  await engine.snapshots.validate(delta.id);
}

describe("a manifest that does not match is refused by the field's name", () => {
  test.each<[string, (manifest: Record<string, unknown>) => void]>([
    ["formatVersion", (manifest) => (manifest.formatVersion = 99)],
    ["qemuVersion", (manifest) => (manifest.qemuVersion = "9.1.0")],
    ["machine", (manifest) => (manifest.machine = "pc")],
    ["cpuModel", (manifest) => (manifest.cpuModel = "max")],
    ["accelerator", (manifest) => (manifest.accelerator = "kvm")],
    ["cpus", (manifest) => (manifest.cpus = 7)],
    ["layoutHash", (manifest) => (manifest.layoutHash = "0".repeat(32))],
    ["imageDigest", (manifest) => (manifest.imageDigest = "0".repeat(64))],
    ["template", (manifest) => (manifest.template = "nobody")],
    ["parent", (manifest) => (manifest.parent = "nobody")],
    ["id", (manifest) => (manifest.id = "other")],
    ["hostBootId", (manifest) => (manifest.hostBootId = "another boot")],
  ])("%s", async (field, change) => {
    const path = join(dirOf(delta.id), "manifest.json");
    if (field === "hostBootId") await rm(join(dirOf(delta.id), "sealed"), { force: true });
    await changing(
      path,
      async () => {
        const manifest: Record<string, unknown> = JSON.parse(await readFile(path, "utf8"));
        change(manifest);
        await writeFile(path, JSON.stringify(manifest));
      },
      () => refused(field),
    );
  });

  test("memoryMib", async () => {
    const path = join(dirOf(delta.id), "manifest.json");
    await changing(
      path,
      async () => writeFile(path, (await readFile(path, "utf8")).replace('"memoryMib": 1024', '"memoryMib": 512')),
      async () => {
        await expect(engine.snapshots.validate(delta.id)).rejects.toMatchObject({ code: "SNAPSHOT_INVALID" });
      },
    );
  });

  test("half a manifest", async () => {
    const path = join(dirOf(delta.id), "manifest.json");
    await changing(
      path,
      () => truncate(path, 100),
      () => refused("manifest"),
    );
  });
});

describe("a damaged file is refused by its name", () => {
  test.each(["state", "delta", "disk.qcow2"])("%s truncated", async (name) => {
    const path = join(dirOf(delta.id), name);
    await changing(
      path,
      async () => truncate(path, (await stat(path)).size - 1),
      () => refused(`files.${name.replace(".qcow2", "")}`),
    );
  });

  test.each(["state", "delta"])("%s with one byte flipped", async (name) => {
    const path = join(dirOf(delta.id), name);
    await changing(
      path,
      async () => {
        const bytes = await readFile(path);
        bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
        await writeFile(path, bytes);
      },
      () => refused(`files.${name}`),
    );
  });

  test("the template's RAM, exchanged for another of the same size", async () => {
    const path = join(dirOf(template.id), "ram");
    const { size } = await stat(path);
    await rename(path, `${path}.kept`);
    try {
      await writeFile(path, "");
      await truncate(path, size);
      await expect(engine.snapshots.validate(delta.id)).rejects.toMatchObject({
        code: "SNAPSHOT_INVALID",
        value: { field: "files.ram", id: template.id },
      });
    } finally {
      await rename(`${path}.kept`, path);
    }
    await engine.snapshots.validate(delta.id);
  });
});

test("an unknown snapshot is not found", async () => {
  await expect(engine.fork("nobody")).rejects.toMatchObject({ code: "SNAPSHOT_NOT_FOUND" });
  await expect(engine.fork("../images")).rejects.toMatchObject({ code: "SNAPSHOT_NOT_FOUND" });
});
