import type { WireError } from "../../src/protocol/index.ts";
import type { SourceRoots } from "../project/failure.ts";
import type { Origins } from "../recorder/origins.ts";
import type { Recorder } from "../recorder/recorder.ts";
import type { Recording } from "./recording.ts";

/** A running test (or evaluation), as the assertions see it. */
export interface Run {
  readonly recorder: Recorder;
  readonly origins: Origins;
  readonly recording: Recording;
  readonly roots: SourceRoots;
  /** Failures of `expect.soft`, which fail the test at its end. */
  readonly softFailures: Error[];
  failure(error: unknown): WireError;
}

/** At most one run at a time: a machine runs one test, and others run in other machines. */
export class RunSlot {
  #current: (Run & { abort(reason: Error): void }) | undefined;

  get current(): (Run & { abort(reason: Error): void }) | undefined {
    return this.#current;
  }

  enter(run: Run & { abort(reason: Error): void }): void {
    this.#current = run;
  }

  leave(): void {
    this.#current = undefined;
  }
}
