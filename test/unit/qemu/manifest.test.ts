import { describe, expect, test } from "vitest";
import { layoutHash } from "../../../qemu/layout/layout.ts";
import { firstMisfit, templateMisfit } from "../../../qemu/snapshot/fit.ts";
import { type Manifest, parseManifest } from "../../../qemu/snapshot/manifest.ts";

const layout = { machine: "q35", accelerator: "tcg" as const, cpuModel: "Nehalem", cpus: 2, memoryMib: 2048 };
const bulk = { bytes: 2048 * 2 ** 20, mtimeNs: "1", sampleSha256: "a" };
const manifest: Manifest = {
  formatVersion: 1,
  id: "s1",
  key: "k",
  kind: "template",
  imageDigest: "i",
  qemuVersion: "10.0.2",
  ...layout,
  layoutHash: layoutHash(layout),
  labels: {},
  createdAt: "2026-01-01T00:00:00.000Z",
  hostBootId: "b",
  diskBytes: 1024,
  files: { state: { bytes: 1, sha256: "s" }, disk: bulk, ram: bulk },
};
const host = { qemuVersion: "10.0.2", machine: "q35", cpuModel: "Nehalem", accelerator: "tcg" as const };

test("a manifest of this host fits", () => {
  expect(firstMisfit(manifest, host)).toBeUndefined();
});

test.each([
  ["qemuVersion", { qemuVersion: "9.2.0" }],
  ["machine", { machine: "pc" }],
  ["cpuModel", { cpuModel: "max" }],
  ["accelerator", { accelerator: "kvm" as const }],
  ["memoryMib", { memoryMib: 1024 }],
  ["cpus", { cpus: 4 }],
  ["layoutHash", { layoutHash: "0".repeat(32) }],
  ["files.ram", { files: { state: manifest.files.state, disk: bulk } }],
  ["template", { kind: "delta" as const, files: { ...manifest.files, delta: bulk } }],
])("a changed %s is refused by name", (field, change) => {
  expect(firstMisfit({ ...manifest, ...change }, host)?.field).toBe(field);
});

test.each(["memoryMib", "cpus", "imageDigest", "layoutHash"] as const)("a delta must have its template's %s", (field) => {
  const delta: Manifest = { ...manifest, kind: "delta", template: "s1" };
  expect(templateMisfit(delta, manifest)).toBeUndefined();
  expect(templateMisfit({ ...delta, [field]: typeof delta[field] === "number" ? 7 : "other" }, manifest)?.field).toBe(field);
});

describe("reading", () => {
  test("gives back what was written", () => {
    expect(parseManifest("s1", JSON.stringify(manifest))).toEqual(manifest);
  });
  test.each([
    ["formatVersion", { ...manifest, formatVersion: 2 }],
    ["cpus", { ...manifest, cpus: "two" }],
    ["files.state", { ...manifest, files: { disk: bulk } }],
    ["surprise", { ...manifest, surprise: 1 }],
  ])("names %s when it is wrong", (field, value) => {
    expect(() => parseManifest("s1", JSON.stringify(value))).toThrow(`snapshot s1 cannot be used, ${field}: `);
  });
  test("refuses half a file", () => {
    expect(() => parseManifest("s1", JSON.stringify(manifest).slice(0, 90))).toThrow("manifest: it is not JSON");
  });
});
