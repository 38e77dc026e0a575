import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { Duplex } from "node:stream";
import { SpectestError } from "../../src/errors/index.ts";
import { lastLines } from "./ring.ts";
import { readTail } from "./tail.ts";

export interface ProcessExit {
  code: number | null;
  signal: string | null;
}

export interface QemuProcessOptions {
  qemuPath: string;
  args: readonly string[];
  cwd: string;
  stderrPath: string;
  serialPath: string;
}

/** The file descriptor at which QEMU finds its end of the monitor's socket pair. */
export const MONITOR_FD = 3;

/**
 * One QEMU process. It dies with this process (the thread that started it, to be exact): on Linux through
 * `setpriv --pdeathsig`, which executes QEMU under the same pid. The monitor is an inherited socket pair, so there is
 * no path to wait for and nothing for others to connect to.
 */
export class QemuProcess {
  readonly pid: number;
  readonly monitor: Duplex;
  /** Settles once, when the process has ended. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcess;
  readonly #options: QemuProcessOptions;
  #exit: ProcessExit | undefined;

  private constructor(child: ChildProcess, pid: number, monitor: Duplex, options: QemuProcessOptions) {
    this.#child = child;
    this.pid = pid;
    this.monitor = monitor;
    this.#options = options;
    this.exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.#exit = { code, signal };
        resolve(this.#exit);
      });
    });
  }

  /** @throws HOST_MISSING when the program cannot be started. */
  static async start(options: QemuProcessOptions): Promise<QemuProcess> {
    const [file, args] = dieWithParent(options.qemuPath, options.args);
    const stderr = openSync(options.stderrPath, "a", 0o600);
    try {
      const child = spawn(file, args, { cwd: options.cwd, stdio: ["ignore", stderr, stderr, "pipe"] });
      child.on("error", () => undefined);
      const monitor = child.stdio[MONITOR_FD];
      if (child.pid === undefined || !(monitor instanceof Duplex)) return await failedStart(child, file);
      return new QemuProcess(child, child.pid, monitor, options);
    } finally {
      closeSync(stderr);
    }
  }

  get ended(): ProcessExit | undefined {
    return this.#exit;
  }

  stderrTail(lines = 10): string {
    return lastLines(readTail(this.#options.stderrPath), lines);
  }

  serialTail(lines = 15): string {
    return lastLines(readTail(this.#options.serialPath), lines);
  }

  /** Ends the process at once and waits until it is gone. */
  async kill(): Promise<void> {
    if (!this.#exit) this.#child.kill("SIGKILL");
    await this.exited;
  }

  /** What everybody waiting for this process is told once it is gone. */
  deathError(phase: string): SpectestError {
    const { code, signal } = this.#exit ?? { code: null, signal: null };
    const how = signal ? `killed by ${signal}` : `exit code ${code ?? "unknown"}`;
    const tails = [
      ["last lines of QEMU", this.stderrTail()],
      ["last lines of the guest's serial port", this.serialTail()],
    ].filter(([, text]) => text !== "");
    return new SpectestError("VM_DEAD", {
      what: [`QEMU ended while ${phase} (${how})`, ...tails.map(([name, text]) => `${name}:\n${text}`)].join("\n"),
      value: { code, signal, phase },
      log: this.#options.serialPath,
    });
  }
}

function dieWithParent(file: string, args: readonly string[]): [string, string[]] {
  if (process.platform !== "linux") return [file, [...args]];
  return ["setpriv", ["--pdeathsig", "KILL", "--", file, ...args]];
}

async function failedStart(child: ChildProcess, file: string): Promise<never> {
  const cause = await new Promise<unknown>((resolve) => {
    child.once("error", resolve);
    setTimeout(() => resolve(undefined), 1000).unref();
  });
  throw new SpectestError("HOST_MISSING", { what: `${file} cannot be started`, value: file, cause });
}
