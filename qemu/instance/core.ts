import { join } from "node:path";
import { SpectestError } from "../../src/errors/index.ts";
import type { AgentClient } from "../agent/client.ts";
import type { ControlChannel } from "../agent/control.ts";
import type { EngineContext } from "../context.ts";
import type { MachineSpec } from "../layout/args.ts";
import type { DeviceLayout } from "../layout/layout.ts";
import { Machine } from "../process/machine.ts";
import type { ImageInfo, VmExit, VmState } from "../types.ts";
import { processId } from "./processId.ts";
import { type VmRecord, writeRecord } from "./record.ts";
import { assertMove } from "./states.ts";

export interface VmCoreOptions {
  context: EngineContext;
  record: VmRecord;
  dir: string;
  socketDir: string;
  image: ImageInfo;
  layout: DeviceLayout;
  diskBytes: number;
  network: "open" | "denied";
}

/** What a machine is made of, behind its handle: the parts that capture, fork and boot work on. Not exported by the room. */
export class VmCore {
  readonly context: EngineContext;
  readonly record: VmRecord;
  readonly dir: string;
  readonly socketDir: string;
  readonly image: ImageInfo;
  readonly layout: DeviceLayout;
  readonly diskBytes: number;
  readonly network: "open" | "denied";
  /** The name under which the guest was told to be itself. */
  forkId = "";
  control: ControlChannel | undefined;
  /** The overlay the guest writes to; each capture puts a new one on top. */
  disk = { path: "", node: "disk0" };
  /** The template whose RAM this machine maps privately; undefined while it has a RAM file of its own. */
  templateId: string | undefined;
  readonly exited: Promise<VmExit>;
  #machine: Machine | undefined;
  #agent: AgentClient | undefined;
  #overlays = 0;
  #writes: Promise<void> = Promise.resolve();
  #settleExit: (exit: VmExit) => void = () => undefined;

  constructor(options: VmCoreOptions) {
    this.context = options.context;
    this.record = options.record;
    this.dir = options.dir;
    this.socketDir = options.socketDir;
    this.image = options.image;
    this.layout = options.layout;
    this.diskBytes = options.diskBytes;
    this.network = options.network;
    this.exited = new Promise((resolve) => {
      this.#settleExit = resolve;
    });
  }

  get state(): VmState {
    return this.record.state;
  }

  get machine(): Machine {
    if (!this.#machine) throw new SpectestError("INTERNAL", { what: `machine ${this.record.id} has no process yet` });
    return this.#machine;
  }

  get agent(): AgentClient {
    if (!this.#agent) throw new SpectestError("INTERNAL", { what: `machine ${this.record.id} has no agent yet` });
    return this.#agent;
  }

  get hasMachine(): boolean {
    return this.#machine !== undefined;
  }

  get serialLogPath(): string {
    return join(this.dir, "serial.log");
  }

  /** @throws VM_STATE when the table does not allow it. */
  move(to: VmState): void {
    assertMove(this.record.id, this.record.state, to);
    this.record.state = to;
    this.save();
  }

  /** Writes the record, in order, in the background. */
  save(): void {
    const snapshot = structuredClone(this.record);
    this.#writes = this.#writes.then(() => writeRecord(this.dir, snapshot)).catch(() => undefined);
  }

  async saved(): Promise<void> {
    await this.#writes;
  }

  /** A path for the next overlay of this machine's disk. */
  nextOverlay(): { path: string; node: string } {
    const number = ++this.#overlays;
    return { path: join(this.dir, `disk-${number}.qcow2`), node: `overlay${number}` };
  }

  /** Starts a process for this machine; it becomes the machine with `adopt`. */
  start(files: { ramPath: string; diskPath: string }, mode: Pick<MachineSpec, "ram" | "incoming">): Promise<Machine> {
    const { layout, image, network, socketDir, serialLogPath, dir, context } = this;
    const { kernelPath, initrdPath } = image;
    return Machine.start(
      { layout, network, ...mode, files: { ...files, kernelPath, initrdPath, socketDir, serialLogPath } },
      { qemuPath: context.host.qemuPath, cwd: dir, stderrPath: join(dir, "qemu.log") },
    );
  }

  /** From now on this process is the machine; its predecessor's death no longer matters. */
  adopt(machine: Machine): void {
    this.#machine = machine;
    this.disk = { path: machine.spec.files.diskPath, node: "disk0" };
    this.record.pid = machine.pid;
    this.record.qemu = processId(machine.pid);
    this.save();
    machine.onDeath((error) => {
      if (machine === this.#machine) this.#died(machine, error);
    });
  }

  useAgent(agent: AgentClient): void {
    this.#agent = agent;
  }

  #died(machine: Machine, error: Error): void {
    const expected = this.state === "stopping";
    this.#agent?.fail(error);
    this.control?.destroy(expected ? undefined : error);
    if (!expected && this.state !== "failed") this.move("failed");
    const { code, signal } = machine.process.ended ?? { code: null, signal: null };
    this.#settleExit({ code, signal, expected, stderrTail: machine.process.stderrTail(), serialTail: machine.process.serialTail() });
  }
}
