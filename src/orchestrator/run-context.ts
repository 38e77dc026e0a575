import { messageOf, SpectestError } from "../errors/index.ts";
import type { EventListener, PhaseEvent, PhaseName, RunEvent } from "../events/types.ts";
import { Scope, stopwatch } from "../platform/index.ts";
import { toWireError } from "./wire-error.ts";

/** An event before the run's clock has stamped it. */
type Unstamped<E> = E extends RunEvent ? Omit<E, "atMs"> : never;

/** What the parts of one run share: the stamped event stream, cancellation, and what must be undone. */
export class RunContext {
  readonly runId: string;
  readonly signal: AbortSignal;
  readonly scope: Scope;
  readonly elapsedMs = stopwatch();
  readonly #listener: EventListener;

  constructor(options: { runId: string; signal: AbortSignal; onEvent: EventListener }) {
    this.runId = options.runId;
    this.signal = options.signal;
    this.#listener = options.onEvent;
    this.scope = new Scope((name, error) =>
      this.emit({ type: "notice", level: "warning", message: `could not ${name}: ${messageOf(error)}` }),
    );
  }

  emit(event: Unstamped<RunEvent>): void {
    this.#listener({ ...event, atMs: this.elapsedMs() });
  }

  throwIfCancelled(): void {
    if (this.signal.aborted) throw new SpectestError("CANCELLED", { what: "the run was cancelled" });
  }

  /** Runs one phase and tells the stream of its start, progress and end. */
  async phase<T>(
    phase: PhaseName,
    work: (progress: (detail: string, fraction?: number) => void) => Promise<T>,
    detail?: string,
  ): Promise<T> {
    this.throwIfCancelled();
    const took = stopwatch();
    this.emitPhase({ phase, state: "started", ...(detail === undefined ? {} : { detail }) });
    try {
      const result = await work((text, fraction) =>
        this.emitPhase({ phase, state: "progress", detail: text, ...(fraction === undefined ? {} : { fraction }) }),
      );
      this.emitPhase({ phase, state: "done", durationMs: took() });
      return result;
    } catch (error) {
      this.emitPhase({ phase, state: "failed", durationMs: took(), error: toWireError(error) });
      throw error;
    }
  }

  reused(phase: PhaseName, detail: string): void {
    this.emitPhase({ phase, state: "reused", detail });
  }

  waiting(phase: PhaseName, detail: string): void {
    this.emitPhase({ phase, state: "waiting", detail });
  }

  private emitPhase(event: Omit<PhaseEvent, "type" | "atMs">): void {
    this.emit({ type: "phase", ...event });
  }
}
