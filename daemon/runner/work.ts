import { SpectestError } from "../../src/errors/index.ts";
import type { RecordedEvent, TerminalSession, WireError } from "../../src/protocol/index.ts";
import type { DaemonMethods, RunItem } from "../ipc/messages.ts";
import type { Peer } from "../ipc/peer.ts";
import { type SourceRoots, toFailure } from "../project/failure.ts";
import { Origins } from "../recorder/origins.ts";
import { Recorder } from "../recorder/recorder.ts";
import { cutText, LIMITS } from "../recorder/text.ts";
import { captureConsole } from "./console.ts";
import { buildContext, type ContextParts } from "./context.ts";
import { orAbort, type Recording } from "./recording.ts";
import type { Run, RunSlot } from "./run.ts";
import type { TestContext } from "../../src/sdk/context.ts";

export interface WorkRequest {
  /** For messages: "the test" or "the evaluation". */
  what: string;
  timeoutMs: number;
  idPrefix: string;
  roots: SourceRoots;
  daemon: Peer<DaemonMethods>;
  /** Aborted when the caller gives up. */
  signal: AbortSignal;
  emit(item: RunItem): void;
  /** Called inside the guarded part, because helper factories are the author's code too. */
  parts(): Promise<ContextParts>;
  body(ctx: TestContext<unknown, unknown, unknown>): unknown;
}

export interface WorkResult {
  value: unknown;
  error: WireError | undefined;
  durationMs: number;
  events: RecordedEvent[];
  terminals: TerminalSession[];
}

/**
 * Runs the author's code in a recorded context, within a time limit. Never throws: whatever happens is in the
 * result. The console is captured meanwhile and restored on every path; an unhandled rejection fails the work.
 *
 * @throws SpectestError DAEMON_CONFLICT when something runs already.
 */
export async function runWork(slot: RunSlot, request: WorkRequest): Promise<WorkResult> {
  if (slot.current)
    throw new SpectestError("DAEMON_CONFLICT", { what: `${request.what} cannot start: another test or evaluation runs in this machine` });
  const abort = new AbortController();
  const recorder = new Recorder({ idPrefix: request.idPrefix, emit: request.emit });
  const failure = (error: unknown): WireError => toFailure(error, request.roots);
  const recording: Recording = { recorder, origins: new Origins(), signal: abort.signal, daemon: request.daemon, failure };
  const run: Run & { abort(reason: Error): void } = {
    recorder,
    origins: recording.origins,
    recording,
    roots: request.roots,
    softFailures: [],
    failure,
    abort: (reason) => abort.abort(reason),
  };
  const cancel = (): void => abort.abort(request.signal.reason);
  slot.enter(run);
  const restoreConsole = captureConsole(({ level, text }) => {
    recorder.note<"log">({ kind: "log", level, text: cutText(text, LIMITS.logBytes).text });
  });
  const limit = setTimeout(() => abort.abort(outOfTime(request, recorder.phase())), request.timeoutMs);
  try {
    if (request.signal.aborted) cancel();
    else request.signal.addEventListener("abort", cancel, { once: true });
    const { value, thrown } = await recorder.run(async () => await guarded(run, request));
    const durationMs = recorder.elapsedMs();
    const error = thrown === undefined ? undefined : failure(thrown.error);
    recorder.close();
    return { value, error, durationMs, ...recorder.result() };
  } finally {
    clearTimeout(limit);
    request.signal.removeEventListener("abort", cancel);
    restoreConsole();
    slot.leave();
    // What the author's code still does in the background is told to stop.
    abort.abort(new SpectestError("CANCELLED", { what: `${request.what} is over` }));
  }
}

async function guarded(run: Run, request: WorkRequest): Promise<{ value: unknown; thrown: { error: unknown } | undefined }> {
  const { recording } = run;
  let close: (() => Promise<void>) | undefined;
  try {
    const work = async (): Promise<unknown> => {
      const built = buildContext(recording, await request.parts());
      close = built.close;
      return await request.body(built.ctx);
    };
    const value = await orAbort(work(), recording.signal);
    await unhandledAreReported();
    recording.signal.throwIfAborted();
    if (run.softFailures.length > 0) throw softFailure(run.softFailures);
    return { value, thrown: undefined };
  } catch (error) {
    return { value: undefined, thrown: { error } };
  } finally {
    await close?.();
  }
}

/** Node reports unhandled rejections after the microtasks of a turn, so one turn of the loop brings them. */
async function unhandledAreReported(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function outOfTime({ what, timeoutMs }: WorkRequest, phase: string | undefined): SpectestError {
  return new SpectestError("TIMEOUT", {
    what: `${what} did not finish within ${timeoutMs} ms; it was in ${phase ?? "its own code"}`,
    hint: "give it more time with the option timeoutMs",
  });
}

function softFailure(failures: readonly Error[]): Error {
  const [first] = failures;
  if (failures.length === 1 && first) return first;
  const list = failures.map((failure, index) => `${index + 1}) ${failure.message}`).join("\n\n");
  const error = new Error(`${failures.length} soft assertions failed:\n\n${list}`);
  if (first?.stack !== undefined) error.stack = first.stack;
  return error;
}
