/** The process that holds a machine: in the foreground until Ctrl-C, or the same program again in the background. */
import { readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { SpectestError } from "../../../errors/index.ts";
import { detachedFiles, startDetached } from "../../../platform/detached.ts";
import type { CommandContext } from "../../context.ts";
import { isErrorCode } from "../../errors.ts";
import type { Input } from "../../input.ts";
import { type Vm, type VmEngine, withEngine } from "./engine.ts";

const POLL_MS = 50;

export interface HolderCommand {
  /** Its words after `vm`, without --detach and --json. */
  words: readonly string[];
  /** What would make it fail at once, checked before anything is started. */
  check: (engine: VmEngine) => Promise<void>;
  bringUp: (engine: VmEngine) => Promise<Vm>;
}

/** Options that were given, as words for the same command in another process. */
export function given(input: Input, ...names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const value = input.text(name) ?? input.integer(name);
    return value === undefined ? [] : [`--${name}`, String(value)];
  });
}

export function hold(input: Input, context: CommandContext, command: HolderCommand): Promise<number> {
  return withEngine(context, async (engine) => {
    await command.check(engine);
    if (input.flag("detach")) return holdInBackground(context, command);
    const vm = await command.bringUp(engine);
    const { serveVm } = await context.orchestrator();
    const server = await serveVm(engine, vm);
    try {
      return await keepRunning(context, vm);
    } finally {
      await server.close();
    }
  });
}

async function holdInBackground(context: CommandContext, { words }: HolderCommand): Promise<number> {
  const { io, json, interrupts } = context;
  const files = detachedFiles(context.home, "vm.json");
  const [program = ""] = process.argv.slice(1);
  const child = startDetached([program, "vm", ...words, "--json"], { cwd: context.cwd, ...files });
  const onAbort = (): void => child.terminate();
  interrupts.signal.addEventListener("abort", onAbort, { once: true });
  try {
    const answer = await firstDocument(files.stdout, child.exited);
    if (interrupts.exitCode !== undefined) return interrupts.exitCode;
    const vm = isRecord(answer) && isRecord(answer.vm) ? answer.vm : undefined;
    if (!vm) throw failureOf(answer, files.stderr);
    if (json) io.json({ schemaVersion: 1, holderPid: child.pid, vm });
    else {
      io.out(`${String(vm.id)}\n`);
      io.say(`machine ${String(vm.id)} runs in the background: \`spectest vm stop ${String(vm.id)}\` ends it`);
    }
    return 0;
  } finally {
    interrupts.signal.removeEventListener("abort", onAbort);
    rmSync(files.stdout, { force: true });
  }
}

/** What the other process prints first: the machine, or why there is none. Undefined when it ends without a word. */
async function firstDocument(path: string, exited: Promise<unknown>): Promise<unknown> {
  const writer = { ended: false };
  void exited.then(() => {
    writer.ended = true;
  });
  for (;;) {
    const last = writer.ended;
    const value = parsed(readFileSync(path, "utf8"));
    if (value !== undefined || last) return value;
    await sleep(POLL_MS);
  }
}

function failureOf(answer: unknown, log: string): SpectestError {
  const error = isRecord(answer) && isRecord(answer.error) ? answer.error : {};
  const { code, message, hint } = error;
  return new SpectestError(typeof code === "string" && isErrorCode(code) ? code : "INTERNAL", {
    what: typeof message === "string" ? message : "the machine's process ended before the machine ran",
    log,
    ...(typeof hint === "string" ? { hint } : {}),
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Keeps a machine until Ctrl-C, `vm stop` or its own end, and stops it. */
async function keepRunning(context: CommandContext, vm: Vm): Promise<number> {
  const { io, json, interrupts } = context;
  if (json) io.json({ schemaVersion: 1, vm: vm.info });
  else io.say(`machine ${vm.id} runs (pid ${vm.info.pid ?? "?"}); Ctrl-C stops it`);
  const { signal } = interrupts;
  const cancelled = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const exit = await Promise.race([vm.exited, cancelled]);
  if (!exit) {
    await vm.stop("shutdown");
    return interrupts.exitCode ?? 0;
  }
  if (exit.expected || exit.code === 0) return 0;
  throw new SpectestError("VM_DEAD", {
    what: `machine ${vm.id} ended unexpectedly: ${exit.stderrTail || exit.serialTail || `exit ${exit.code ?? exit.signal}`}`,
  });
}
