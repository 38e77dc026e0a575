import { join } from "node:path";
import { MONITOR_FD } from "../process/qemuProcess.ts";
import { acceleratorOption, DEVICES, type DeviceLayout, KERNEL_COMMAND_LINE, machineOption } from "./layout.ts";

export interface MachineFiles {
  ramPath: string;
  diskPath: string;
  kernelPath: string;
  initrdPath: string;
  /** Directory of the sockets; paths in it stay short. */
  socketDir: string;
  serialLogPath: string;
}

/** How a machine meets its RAM: makes the file (writes reach it), forks it (writes stay its own), or has no file at all. */
export type RamMode = "shared" | "private" | "anonymous";

export interface MachineSpec {
  layout: DeviceLayout;
  files: MachineFiles;
  ram: RamMode;
  /** Start stopped and wait for a device state instead of booting. */
  incoming: boolean;
  network: "open" | "denied";
}

/**
 * User-mode NAT, one per machine. QEMU hands what a guest sends to "host" to the host's own loopback, and cannot be told
 * not to; so "host" is the guest's own address, which never leaves the guest, and the name server at 10.0.2.3 serves as
 * the gateway (the guest's init knows). IPv6 has the same door and no such trick: it is off.
 */
const NETWORK = "user,id=net0,ipv6=off,host=10.0.2.15,dhcpstart=10.0.2.100";

/**
 * QEMU's command line. There is one for booting, capturing and forking alike: it differs only in how the RAM file is
 * mapped and in whether a kernel is started or a device state awaited.
 */
export function qemuArgs(spec: MachineSpec): string[] {
  const { layout } = spec;
  return [
    ...["-nodefaults", "-no-user-config", "-no-reboot"],
    ...["-display", "none"],
    ...["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
    ...["-global", "migration.send-configuration=off"],
    ...["-accel", acceleratorOption(layout)],
    ...["-cpu", layout.cpuModel],
    ...["-smp", String(layout.cpus)],
    ...["-m", `${layout.memoryMib}M`],
    ...["-object", ramOption(spec)],
    ...["-machine", machineOption(layout)],
    ...["-chardev", `socket,id=monitor,fd=${MONITOR_FD}`, "-mon", "chardev=monitor,mode=control"],
    ...chardevs(spec.files),
    ...["-blockdev", diskOption(spec.files.diskPath)],
    ...["-netdev", `${NETWORK},restrict=${spec.network === "denied" ? "on" : "off"}`],
    ...["-object", "rng-random,id=rng0,filename=/dev/urandom"],
    ...DEVICES.flatMap((device) => ["-device", device]),
    ...(spec.incoming ? ["-incoming", "defer", "-S"] : kernelOptions(spec.files)),
  ];
}

/**
 * What only a boot reads. QEMU would keep both files in memory of each process: 14 MiB and 13 ms of every fork, for a
 * reboot that ends the machine anyway.
 */
function kernelOptions({ kernelPath, initrdPath }: MachineFiles): string[] {
  return ["-kernel", kernelPath, "-initrd", initrdPath, "-append", KERNEL_COMMAND_LINE];
}

function ramOption({ layout, files, ram }: MachineSpec): string {
  if (ram === "anonymous") return `memory-backend-ram,id=ram0,size=${layout.memoryMib}M`;
  const mapping = ram === "shared" ? "share=on" : "share=off,readonly=on,rom=off";
  return `memory-backend-file,id=ram0,size=${layout.memoryMib}M,mem-path=${escapeComma(files.ramPath)},${mapping}`;
}

function chardevs({ socketDir, serialLogPath }: MachineFiles): string[] {
  const socket = (id: string, extra = ""): string =>
    `socket,id=${id},path=${escapeComma(join(socketDir, `${id}.sock`))},server=on,wait=off${extra}`;
  return [
    socket("agent"),
    socket("control"),
    socket("console"),
    socket("serial", `,logfile=${escapeComma(serialLogPath)},logappend=on`),
  ].flatMap((option) => ["-chardev", option]);
}

/** Throw-away overlays: nothing is flushed to the disk below, a capture makes durable what has to be. */
export function overlayOptions(path: string): Record<string, unknown> {
  return {
    driver: "qcow2",
    discard: "unmap",
    cache: { direct: false, "no-flush": true },
    file: { driver: "file", filename: path, discard: "unmap", cache: { direct: false, "no-flush": true } },
  };
}

function diskOption(path: string): string {
  return JSON.stringify({ "node-name": "disk0", ...overlayOptions(path) });
}

/** QEMU's option syntax ends a value at a comma; two stand for one. */
function escapeComma(value: string): string {
  return value.replaceAll(",", ",,");
}
