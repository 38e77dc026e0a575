import { chmod } from "node:fs/promises";
import type { Socket } from "node:net";
import { join } from "node:path";
import { SpectestError } from "../../src/errors/index.ts";
import { connectSocket } from "../agent/connect.ts";
import { type MachineSpec, qemuArgs } from "../layout/args.ts";
import { QmpClient } from "../qmp/client.ts";
import { SOCKET_NAMES, type SocketName } from "./paths.ts";
import { QemuProcess } from "./qemuProcess.ts";

const START_TIMEOUT_MS = 20_000;
const DEATH_NOTICE_MS = 100;

/** A QEMU process with its monitor in command mode. What hangs on it is rejected with VM_DEAD when it ends. */
export class Machine {
  readonly spec: MachineSpec;
  readonly process: QemuProcess;
  readonly qmp: QmpClient;
  /** What the machine is being brought to, for the error when it dies: "booting", "loading a snapshot" … */
  phase = "starting";
  #onDeath: ((error: Error) => void)[] = [];

  private constructor(spec: MachineSpec, process: QemuProcess) {
    this.spec = spec;
    this.process = process;
    this.qmp = new QmpClient(process.monitor);
    void process.exited.then(() => {
      const error = process.deathError(this.phase);
      this.qmp.fail(error);
      for (const tell of this.#onDeath) tell(error);
    });
  }

  /**
   * Starts QEMU and resolves when it takes commands; its sockets exist then.
   *
   * @throws VM_DEAD with QEMU's own words when it refuses its arguments, HOST_MISSING when it cannot be executed.
   */
  static async start(spec: MachineSpec, host: { qemuPath: string; cwd: string; stderrPath: string }): Promise<Machine> {
    const { serialLogPath: serialPath, socketDir } = spec.files;
    const process = await QemuProcess.start({ ...host, args: qemuArgs(spec), serialPath });
    const machine = new Machine(spec, process);
    try {
      await machine.guard(machine.qmp.negotiate(), START_TIMEOUT_MS);
      await Promise.all(SOCKET_NAMES.map((name) => chmod(join(socketDir, name), 0o600)));
      return machine;
    } catch (error) {
      await process.kill();
      throw error;
    }
  }

  get pid(): number {
    return this.process.pid;
  }

  connect(name: SocketName): Promise<Socket> {
    return connectSocket(join(this.spec.files.socketDir, name));
  }

  /** Called once with VM_DEAD when the process has ended; at once when it has already. */
  onDeath(tell: (error: Error) => void): void {
    if (this.process.ended) tell(this.process.deathError(this.phase));
    else this.#onDeath.push(tell);
  }

  /**
   * The work's own result, VM_DEAD as soon as the process has ended, or VM_TIMEOUT. A closed connection is often seen
   * before the death that closed it, so a failure waits a moment for its cause.
   */
  async guard<T>(work: Promise<T>, timeoutMs?: number): Promise<T> {
    const died = this.process.exited.then(() => Promise.reject(this.process.deathError(this.phase)));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      if (timeoutMs !== undefined) timer = setTimeout(() => reject(this.#lateError(timeoutMs)), timeoutMs);
    });
    try {
      return await Promise.race([work, died, late]);
    } catch (error) {
      if (await this.#endsWithin(DEATH_NOTICE_MS)) throw this.process.deathError(this.phase);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #lateError(timeoutMs: number): SpectestError {
    const what = `the machine was not done ${this.phase} after ${timeoutMs / 1000} s; the guest's serial port said last:\n${this.process.serialTail()}`;
    return new SpectestError("VM_TIMEOUT", { what, value: { phase: this.phase, timeoutMs }, log: this.spec.files.serialLogPath });
  }

  async #endsWithin(ms: number): Promise<boolean> {
    if (this.process.ended) return true;
    let timer: NodeJS.Timeout | undefined;
    const elapsed = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), ms);
    });
    const ended = await Promise.race([this.process.exited.then(() => true), elapsed]);
    clearTimeout(timer);
    return ended;
  }
}
