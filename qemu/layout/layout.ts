import { hashOf } from "../../src/platform/index.ts";
import type { AcceleratorName } from "../types.ts";

/** Raise it when a change here makes old device states unloadable. Part of the layout hash. */
const LAYOUT_VERSION = 1;

/** The names under which the guest finds its virtio-serial ports. */
export const AGENT_PORT = "org.spectest.agent";
export const CONTROL_PORT = "org.spectest.control";

export const MACHINE_TYPE = "q35";

/** Everything about a machine that must be equal for a device state to be loadable. */
export interface DeviceLayout {
  machine: string;
  accelerator: AcceleratorName;
  cpuModel: string;
  cpus: number;
  memoryMib: number;
}

/** Each device with its fixed place on the bus; order matters to QEMU. */
export const DEVICES: readonly string[] = [
  "virtio-blk-pci,id=disk0,drive=disk0,addr=0x2",
  "virtio-net-pci,id=nic0,netdev=net0,mac=52:54:00:53:50:01,romfile=,addr=0x3",
  "virtio-serial-pci,id=serial0,max_ports=4,addr=0x4",
  "virtconsole,bus=serial0.0,nr=0,chardev=console",
  `virtserialport,bus=serial0.0,nr=1,chardev=agent,name=${AGENT_PORT}`,
  `virtserialport,bus=serial0.0,nr=2,chardev=control,name=${CONTROL_PORT}`,
  "virtio-rng-pci,id=rng0,rng=rng0,addr=0x5",
  "vmgenid,guid=auto",
  "pcie-root-port,id=spare0,chassis=1,slot=1,addr=0x6",
  "pcie-root-port,id=spare1,chassis=2,slot=2,addr=0x7",
  "isa-serial,id=tty0,chardev=serial",
];

const MACHINE_OPTIONS = "suppress-vmdesc=on,smm=off,usb=off,vmport=off,i8042=off,dump-guest-core=off,memory-backend=ram0";

/** Linux does not open the CPU's side-channel mitigations (one trusted tenant) and never reboots: a reboot must not pass for a restore. */
export const KERNEL_COMMAND_LINE = [
  "root=/dev/vda rw console=ttyS0 quiet init=/usr/lib/spectest/init",
  "mitigations=off audit=0 nowatchdog no_timer_check tsc=reliable random.trust_cpu=on panic=-1 net.ifnames=0",
].join(" ");

export function machineOption(layout: DeviceLayout): string {
  return `${layout.machine},${MACHINE_OPTIONS}`;
}

export function acceleratorOption(layout: DeviceLayout): string {
  return layout.accelerator === "tcg" ? "tcg,thread=multi,tb-size=512" : layout.accelerator;
}

/** Names one device layout. A snapshot loads only into a machine with the same hash. */
export function layoutHash(layout: DeviceLayout): string {
  return hashOf(
    `layout ${LAYOUT_VERSION}`,
    machineOption(layout),
    layout.accelerator,
    layout.cpuModel,
    `${layout.cpus} cpus`,
    `${layout.memoryMib} MiB`,
    ...DEVICES,
  ).slice(0, 32);
}
