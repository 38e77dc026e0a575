/** What commands that run machines share: options of a session, and the exit code of a finished run. */
import { SpectestError } from "../../errors/index.ts";
import type { EventListener, RunFinished } from "../../events/index.ts";
import type { CommandContext, Orchestrator } from "../context.ts";
import { exitCodeOfError, formatError, shownWireError } from "../errors.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Input } from "../input.ts";

export type SessionOptions = Parameters<Orchestrator["startEnvironment"]>[0];
type Accelerator = NonNullable<SessionOptions["accelerator"]>;

const accelerators: readonly Accelerator[] = ["auto", "kvm", "hvf", "tcg"];

export function sessionOptions(input: Input, context: CommandContext, onEvent: EventListener): SessionOptions {
  const { home, cwd, env, interrupts } = context;
  const accelerator = acceleratorOf(input.text("accel") ?? env.SPECTEST_ACCEL);
  return {
    home,
    cwd,
    onEvent,
    signal: interrupts.signal,
    fresh: input.flag("fresh"),
    ...(accelerator === undefined ? {} : { accelerator }),
    ...(env.SPECTEST_QEMU ? { qemuPath: env.SPECTEST_QEMU } : {}),
  };
}

export function acceleratorOf(name: string | undefined): Accelerator | undefined {
  if (name === undefined || name === "") return undefined;
  const found = accelerators.find((each) => each === name);
  if (found) return found;
  throw new SpectestError("USAGE", { what: `SPECTEST_ACCEL is one of ${accelerators.join(", ")}, not "${name}"`, value: name });
}

/** Shows what ended a run other than its tests, and gives the run's exit code. */
export function conclude(context: CommandContext, finished: RunFinished, hint?: string): number {
  const { io, colors, verbose, interrupts } = context;
  if (finished.outcome === "cancelled") return interrupts.exitCode ?? 130;
  if (finished.error) {
    const shown = shownWireError(finished.error);
    io.say(formatError(hint === undefined ? shown : { ...shown, hint }, { verbose, color: colors.err }));
    if (finished.outcome === "error") return exitCodeOfError(shown.code);
  }
  return finished.outcome === "passed"
    ? exitCodes.passed
    : finished.outcome === "failed"
      ? exitCodes.testsFailed
      : exitCodes.hostOrInternal;
}
