import { describe, expect, test } from "vitest";
import { type MachineSpec, qemuArgs } from "../../../qemu/layout/args.ts";
import { DEVICES, type DeviceLayout, layoutHash } from "../../../qemu/layout/layout.ts";

const layout: DeviceLayout = { machine: "q35", accelerator: "tcg", cpuModel: "Nehalem", cpus: 2, memoryMib: 2048 };
const files = {
  ramPath: "/home/ram",
  diskPath: "/home/disk.qcow2",
  kernelPath: "/home/vmlinuz",
  initrdPath: "/home/initrd.img",
  socketDir: "/home/s",
  serialLogPath: "/home/serial.log",
};
const boot: MachineSpec = { layout, files, ram: "shared", incoming: false, network: "open" };

/** Option and value as one, so that a difference can be read. */
function pairs(args: readonly string[]): string[] {
  const found: string[] = [];
  for (const arg of args) {
    if (arg.startsWith("-")) found.push(arg);
    else found.push(`${found.pop() ?? ""} ${arg}`);
  }
  return found;
}

function difference(a: MachineSpec, b: MachineSpec): { only: string[]; other: string[] } {
  const [one, two] = [pairs(qemuArgs(a)), pairs(qemuArgs(b))];
  return { only: one.filter((pair) => !two.includes(pair)), other: two.filter((pair) => !one.includes(pair)) };
}

describe("QEMU's command line", () => {
  test("a fork's differs from a boot's in the RAM's mapping, and in awaiting a state instead of starting a kernel", () => {
    const { only, other } = difference(boot, { ...boot, ram: "private", incoming: true });
    expect(only.map((pair) => pair.split(" ")[0])).toEqual(["-object", "-kernel", "-initrd", "-append"]);
    expect(only[0]).toBe("-object memory-backend-file,id=ram0,size=2048M,mem-path=/home/ram,share=on");
    expect(other).toEqual([
      "-object memory-backend-file,id=ram0,size=2048M,mem-path=/home/ram,share=off,readonly=on,rom=off",
      "-incoming defer",
      "-S",
    ]);
  });

  test("denied egress changes the network's back end only, so a snapshot loads into it", () => {
    const { only, other } = difference(boot, { ...boot, network: "denied" });
    expect([only.length, other.length]).toEqual([1, 1]);
    expect(other[0]).toBe(only[0]?.replace("restrict=off", "restrict=on"));
  });

  test("what a guest sends to the host's loopback stays in the guest", () => {
    expect(qemuArgs(boot)).toContainEqual(expect.stringMatching(/^user,id=net0,ipv6=off,host=10\.0\.2\.15,/));
  });

  test("has the ports the guest looks for, and a sandbox", () => {
    const args = qemuArgs(boot).join(" ");
    for (const part of [
      "name=org.spectest.agent",
      "name=org.spectest.control",
      "virtconsole",
      "vmgenid,guid=auto",
      "spawn=deny",
      "send-configuration=off",
      "suppress-vmdesc=on",
      "-no-reboot",
    ]) {
      expect(args).toContain(part);
    }
  });

  test("a comma in a path does not end the option", () => {
    const args = qemuArgs({ ...boot, files: { ...files, ramPath: "/a,share=on/ram" } });
    expect(args.find((arg) => arg.startsWith("memory-backend-file"))).toContain("mem-path=/a,,share=on/ram,share=on");
  });
});

describe("the layout's hash", () => {
  test("changes with each part of the layout", () => {
    const changed = [
      layout,
      { ...layout, cpus: 3 },
      { ...layout, memoryMib: 4096 },
      { ...layout, cpuModel: "max" },
      { ...layout, accelerator: "kvm" as const },
      { ...layout, machine: "pc" },
    ].map(layoutHash);
    expect(new Set(changed).size).toBe(changed.length);
  });

  test("every PCI device has a fixed address of its own", () => {
    const addresses = DEVICES.filter((device) => device.includes("-pci") || device.startsWith("pcie-")).map(
      (device) => /addr=(0x\d+)/.exec(device)?.[1],
    );
    expect(addresses).not.toContain(undefined);
    expect(new Set(addresses).size).toBe(addresses.length);
  });
});
