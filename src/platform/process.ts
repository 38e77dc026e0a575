import { execa } from "execa";
import { SpectestError } from "../errors/index.ts";

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  input?: string | Uint8Array;
  signal?: AbortSignal;
  /** Called for each complete line of stdout and stderr as it comes. */
  onLine?: (line: string, stream: "stdout" | "stderr") => void;
  timeoutMs?: number;
}

export interface RunResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program to its end and collects its output. A non-zero exit resolves: the caller decides what it means.
 * Cancelling or a time-out ends the whole process group.
 *
 * @throws HOST_MISSING when the program does not exist, CANCELLED when `signal` fired, TIMEOUT when the limit passed.
 * @example const { stdout } = await run("qemu-img", ["--version"], { timeoutMs: 5_000 });
 */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const child = execa(file, args, {
    reject: false,
    detached: true,
    stdin: options.input === undefined ? "ignore" : "pipe",
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const ended = endGroupOn(child.pid, options);
  const { onLine } = options;
  if (onLine) {
    void forwardLines(child.iterable({ from: "stdout" }), (line) => onLine(line, "stdout"));
    void forwardLines(child.iterable({ from: "stderr" }), (line) => onLine(line, "stderr"));
  }
  const result = await child;
  const reason = ended.release();
  const what = [file, ...args].join(" ");
  if (reason === "cancelled") throw new SpectestError("CANCELLED", { what: `cancelled: ${what}` });
  if (reason === "timeout") throw new SpectestError("TIMEOUT", { what: `no end after ${options.timeoutMs} ms: ${what}` });
  if (result.code === "ENOENT")
    throw new SpectestError("HOST_MISSING", { what: `the program ${file} was not found`, value: file, cause: result.cause });
  return { exitCode: result.exitCode ?? 128, stdout: result.stdout, stderr: result.stderr };
}

/**
 * Runs a program that shares this process's terminal, for one that may ask the person something (sudo). Resolves with its
 * exit code.
 *
 * @throws HOST_MISSING when the program does not exist, CANCELLED when `signal` fired.
 */
export async function runAttached(file: string, args: readonly string[], options: { signal?: AbortSignal } = {}): Promise<number> {
  const { signal } = options;
  const result = await execa(file, args, { reject: false, stdio: "inherit", ...(signal ? { cancelSignal: signal } : {}) });
  if (signal?.aborted) throw new SpectestError("CANCELLED", { what: `cancelled: ${[file, ...args].join(" ")}` });
  if (result.code === "ENOENT") throw new SpectestError("HOST_MISSING", { what: `the program ${file} was not found`, value: file });
  return result.exitCode ?? 128;
}

async function forwardLines(lines: AsyncIterable<unknown>, onLine: (line: string) => void): Promise<void> {
  try {
    for await (const line of lines) onLine(String(line));
  } catch {
    // The process's own result reports what happened; a torn pipe adds nothing.
  }
}

function endGroupOn(pid: number | undefined, { signal, timeoutMs }: RunOptions): { release(): "cancelled" | "timeout" | undefined } {
  let reason: "cancelled" | "timeout" | undefined;
  const end = (why: "cancelled" | "timeout"): void => {
    reason ??= why;
    if (pid !== undefined) killGroup(pid);
  };
  const onAbort = (): void => end("cancelled");
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => end("timeout"), timeoutMs);
  return {
    release() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      return reason;
    },
  };
}

/** Kills a process group that may be gone already. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}
