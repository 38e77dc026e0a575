import type { Duplex } from "node:stream";
import { SpectestError } from "../../src/errors/index.ts";
import { ControlChannel } from "../agent/control.ts";
import { guestAgent } from "../agent/guest.ts";
import { sendIdentity } from "../agent/handshake.ts";
import { captureDelta } from "../capture/delta.ts";
import { captureTemplate } from "../capture/template.ts";
import type { CaptureOptions, CaptureResult, GuestAgent, Vm, VmExit, VmInfo, VmState } from "../types.ts";
import type { VmCore } from "./core.ts";
import { removeInstanceDir, toInfo } from "./record.ts";
import { assertMove } from "./states.ts";

const SHUTDOWN_TIMEOUT_MS = 20_000;

/** The handle callers hold. Verbs that change the machine run one after the other; agent requests wait for a capture to end. */
export class VmHandle implements Vm {
  readonly agent: GuestAgent;
  readonly #core: VmCore;
  readonly #onStopped: () => void;
  #queue: Promise<unknown> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  constructor(core: VmCore, onStopped: () => void) {
    this.#core = core;
    this.#onStopped = onStopped;
    this.agent = guestAgent(async (request, options) => {
      await this.#queue;
      this.#assertAlive();
      return core.machine.guard(core.agent.request(request, options));
    });
  }

  get id(): string {
    return this.#core.record.id;
  }

  get forkId(): string {
    return this.#core.forkId;
  }

  get info(): VmInfo {
    return toInfo(this.#core.record);
  }

  get state(): VmState {
    return this.#core.state;
  }

  get exited(): Promise<VmExit> {
    return this.#core.exited;
  }

  async openControl(): Promise<Duplex> {
    await this.#queue;
    const core = this.#core;
    this.#assertAlive();
    if (core.control && !core.control.destroyed) {
      throw new SpectestError("VM_STATE", { what: `the control channel of machine ${this.id} is held already`, hint: "close it first" });
    }
    const channel = new ControlChannel(await core.machine.connect("control.sock"));
    core.control = channel;
    channel.once("close", () => {
      if (core.control === channel) core.control = undefined;
    });
    return channel;
  }

  capture(options: CaptureOptions): Promise<CaptureResult> {
    return this.#alone(async () => {
      const core = this.#core;
      const before = core.state;
      core.move("capturing");
      core.machine.phase = "being captured";
      try {
        const own = core.machine.spec.ram === "shared";
        const result = await (own ? captureTemplate : captureDelta)(core, options, before === "running");
        if (options.then === "stop") await this.#remove();
        else this.#settle(before);
        return result;
      } catch (error) {
        if (core.state === "capturing") this.#settle(before);
        throw error;
      }
    });
  }

  pause(): Promise<void> {
    return this.#alone(async () => {
      const { machine } = this.#core;
      assertMove(this.id, this.state, "paused");
      await machine.guard(machine.qmp.execute("stop"));
      this.#core.move("paused");
    });
  }

  resume(): Promise<void> {
    return this.#alone(async () => {
      const core = this.#core;
      if (core.state !== "paused") assertMove(this.id, core.state, "resuming");
      await core.machine.guard(core.machine.qmp.execute("cont"));
      core.move("running");
      await core.machine.guard(sendIdentity(core.agent, core.forkId));
    });
  }

  stop(mode: "shutdown" | "kill" = "kill"): Promise<void> {
    this.#stopping ??= this.#stop(mode);
    return this.#stopping;
  }

  async #stop(mode: "shutdown" | "kill"): Promise<void> {
    const core = this.#core;
    // A capture is let finish; a kill does not wait for a guest that may never answer.
    await this.#queue;
    if (core.state === "stopped") return;
    const polite = mode === "shutdown" && core.state === "running";
    core.move("stopping");
    if (polite) await this.#shutDown();
    await core.machine.process.kill();
    await this.#remove();
  }

  async #shutDown(): Promise<void> {
    const { agent, machine } = this.#core;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, SHUTDOWN_TIMEOUT_MS);
    });
    await agent.request({ op: "shutdown" }, { timeoutMs: SHUTDOWN_TIMEOUT_MS }).catch(() => undefined);
    await Promise.race([machine.process.exited, limit]);
    clearTimeout(timer);
  }

  async #remove(): Promise<void> {
    const core = this.#core;
    core.control?.destroy();
    await core.saved();
    await removeInstanceDir(core.dir, core.record);
    core.record.state = "stopped";
    this.#onStopped();
  }

  #settle(state: VmState): void {
    this.#core.move(state === "paused" ? "paused" : "running");
    this.#core.machine.phase = "running";
  }

  /** Runs after every verb before it, whatever became of those. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#queue.then(() => {
      this.#assertAlive();
      return work();
    });
    this.#queue = run.catch(() => undefined);
    return run;
  }

  #assertAlive(): void {
    const { state, machine } = this.#core;
    if (state === "failed") throw machine.process.deathError(machine.phase);
    if (state === "stopping" || state === "stopped") {
      throw new SpectestError("VM_STATE", { what: `machine ${this.id} is ${state}`, value: state });
    }
  }
}
