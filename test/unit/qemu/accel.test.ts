import { describe, expect, test } from "vitest";
import { decideAccelerator, type Evidence } from "../../../qemu/accel/decide.ts";
import { wantedAccelerator } from "../../../qemu/accel/host.ts";
import { trialFirmware } from "../../../qemu/accel/trialProgram.ts";

const table: [string, Evidence, { name: string; cpuModel: string; reason: RegExp }][] = [
  [
    "a passed trial",
    { platform: "linux", trials: { kvm: { result: "passed", ms: 80 } } },
    { name: "kvm", cpuModel: "host", reason: /trial guest ran under kvm in 80 ms/ },
  ],
  [
    "a hanging trial",
    { platform: "linux", trials: { kvm: { result: "timeout", limitMs: 3000 } } },
    { name: "tcg", cpuModel: "Nehalem", reason: /kvm is there, but a trial guest did not finish in 3 s/ },
  ],
  [
    "a failing trial",
    { platform: "linux", trials: { kvm: { result: "failed", detail: "failed to set MSR" } } },
    { name: "tcg", cpuModel: "Nehalem", reason: /failed under it \(failed to set MSR\)/ },
  ],
  [
    "no device",
    { platform: "linux", trials: { kvm: { result: "absent", detail: "/dev/kvm does not exist" } } },
    { name: "tcg", cpuModel: "Nehalem", reason: /\/dev\/kvm does not exist/ },
  ],
  ["a Mac", { platform: "darwin", trials: { hvf: { result: "passed", ms: 50 } } }, { name: "hvf", cpuModel: "host", reason: /under hvf/ }],
  [
    "a Mac without",
    { platform: "darwin", trials: { hvf: { result: "failed", detail: "x" } } },
    { name: "tcg", cpuModel: "Nehalem", reason: /hvf is there/ },
  ],
  ["an unknown platform", { platform: "freebsd", trials: {} }, { name: "tcg", cpuModel: "Nehalem", reason: /freebsd/ }],
  [
    "the user's word against a failed trial",
    { platform: "linux", wanted: { name: "kvm", by: "SPECTEST_ACCEL" }, trials: {} },
    { name: "kvm", cpuModel: "host", reason: /asked for by SPECTEST_ACCEL/ },
  ],
  [
    "the user's word for emulation",
    { platform: "linux", wanted: { name: "tcg", by: "the caller" }, trials: { kvm: { result: "passed", ms: 1 } } },
    { name: "tcg", cpuModel: "Nehalem", reason: /asked for by the caller/ },
  ],
];

test.each(table)("accelerator by %s", (_, evidence, expected) => {
  const { name, cpuModel, reason } = decideAccelerator(evidence);
  expect({ name, cpuModel }).toEqual({ name: expected.name, cpuModel: expected.cpuModel });
  expect(reason).toMatch(expected.reason);
});

describe("what was asked for", () => {
  test("the caller comes before the environment, auto asks for nothing", () => {
    expect(wantedAccelerator("tcg", "kvm")).toEqual({ name: "tcg", by: "the caller" });
    expect(wantedAccelerator("auto", "kvm")).toEqual({ name: "kvm", by: "SPECTEST_ACCEL" });
    expect(wantedAccelerator(undefined, "auto")).toBeUndefined();
    expect(wantedAccelerator(undefined, "")).toBeUndefined();
  });
  test("an unknown name is refused", () => {
    expect(() => wantedAccelerator(undefined, "xen")).toThrow(/SPECTEST_ACCEL is xen/);
  });
});

test("the trial's firmware jumps from the reset vector to its program", () => {
  const image = trialFirmware();
  expect(image.length).toBe(65_536);
  expect(image.subarray(0xfff0, 0xfff5)).toEqual(Buffer.from([0xea, 0x00, 0xf0, 0x00, 0xf0]));
  expect(image[0xf000]).toBe(0xfa); // cli
});
