/** Runs a schedule in forks: workers take ready tests, a passed parent is captured, its first child goes on in the same machine. */
import type { SnapshotInfo, VmEngine } from "../../qemu/index.ts";
import type { TestCase } from "../protocol/index.ts";
import { type AttemptResult, runAttempt } from "./attempt.ts";
import { layerKeys } from "./keys.ts";
import { forkMachine, type Machine } from "./machine.ts";
import type { RunContext } from "./run-context.ts";
import type { Finished, Schedule } from "./schedule.ts";

export interface ExecutorOptions {
  run: RunContext;
  engine: VmEngine;
  schedule: Schedule;
  /** State that tests without a parent start from. */
  root: SnapshotInfo;
  /** A running machine in that state, for the first test. */
  machine?: Machine;
  daemonDigest: string;
  workers: number;
  /** Overrides the tests' own. */
  retries?: number;
  /** Stop starting tests after so many failures. */
  bail?: number;
}

export class Executor {
  readonly #options: ExecutorOptions;
  readonly #states = new Map<string, SnapshotInfo>();
  readonly #forkMs: number[] = [];
  #failures = 0;
  /** A worker met an error that is no test's fault: nobody starts anything more. */
  #broken = false;
  #wake: () => void = () => undefined;
  #changed = Promise.resolve();

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#arm();
  }

  /** Cost of every fork a test started from. */
  get forkMs(): readonly number[] {
    return this.#forkMs;
  }

  /** Resolves when every test has a verdict or nothing more will be started. Rejects when the run is cancelled or a machine cannot be had. */
  async run(): Promise<void> {
    const { workers, machine } = this.#options;
    const pool = Array.from({ length: workers }, (_, index) => this.#work(index === 0 ? machine : undefined));
    const results = await Promise.allSettled(pool);
    await this.#dropStates();
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  async #work(first: Machine | undefined): Promise<void> {
    let machine = first;
    try {
      for (let test = await this.#take(); test; test = await this.#take()) {
        let next: TestCase | undefined = test;
        while (next) ({ machine, next } = await this.#runTest(next, machine));
        await machine?.discard();
        machine = undefined;
      }
    } catch (error) {
      this.#broken = true;
      throw error;
    } finally {
      await machine?.discard();
      this.#signalChange();
    }
  }

  /** The next ready test, waiting while others still run that may make one ready. */
  async #take(): Promise<TestCase | undefined> {
    for (;;) {
      this.#options.run.throwIfCancelled();
      if (this.#stopping || this.#options.schedule.done) return undefined;
      const test = this.#options.schedule.next();
      if (test) {
        this.#options.schedule.start(test.id);
        return test;
      }
      await this.#changed;
    }
  }

  /** Chosen before other workers learn that the parent passed, so that its first child stays in its machine. */
  #nextInPlace(parent: string): TestCase | undefined {
    if (this.#stopping) return undefined;
    const child = this.#options.schedule.next(parent);
    if (child) this.#options.schedule.start(child.id);
    return child;
  }

  get #stopping(): boolean {
    const { bail } = this.#options;
    if (this.#broken) return true;
    return bail !== undefined && bail > 0 && this.#failures >= bail;
  }

  /** Runs a test with its retries; gives its machine back, with the child that continues in it, when it passed. */
  async #runTest(test: TestCase, inherited: Machine | undefined): Promise<{ machine: Machine | undefined; next: TestCase | undefined }> {
    const { run, retries } = this.#options;
    const attempts = 1 + (retries ?? test.retries);
    let machine = inherited;
    let result: AttemptResult | undefined;
    let attempt = 0;
    let forkMs = 0;
    while (attempt < attempts) {
      attempt++;
      const start = machine ? "continue" : "fork";
      machine ??= await this.#fork(test);
      forkMs = start === "fork" ? machine.forkMs : 0;
      result = await runAttempt(run, machine, test, attempt, start);
      if (result.status === "passed") {
        await this.#passed(test, machine, { attempt, durationMs: result.durationMs, forkMs });
        const next = this.#nextInPlace(test.id);
        this.#signalChange();
        return { machine, next };
      }
      await machine.discard();
      machine = undefined;
    }
    if (result) this.#failed(test, result, { attempt, forkMs });
    return { machine: undefined, next: undefined };
  }

  async #fork(test: TestCase): Promise<Machine> {
    const { run, engine, root, daemonDigest } = this.#options;
    const from = test.parent === undefined ? root : (this.#states.get(test.parent) ?? root);
    const machine = await forkMachine(run, engine, from.id, { name: test.name.slice(0, 60), daemonDigest });
    this.#forkMs.push(machine.forkMs);
    return machine;
  }

  async #passed(test: TestCase, machine: Machine, verdict: { attempt: number; durationMs: number; forkMs: number }): Promise<void> {
    const { run, schedule } = this.#options;
    if (schedule.needsState(test.id)) {
      const key = layerKeys.testState(run.runId, test.id, verdict.attempt);
      const { snapshot, pauseMs } = await machine.vm.capture({
        key,
        name: test.name.slice(0, 60),
        labels: { layer: "test", run: run.runId, test: test.id },
        ephemeral: true,
      });
      this.#states.set(test.id, snapshot);
      run.emit({ type: "state-captured", id: test.id, snapshotId: snapshot.id, pauseMs, bytes: snapshot.sizeBytes });
    }
    const status = verdict.attempt > 1 ? "flaky" : "passed";
    run.emit({
      type: "test-finished",
      id: test.id,
      status,
      durationMs: verdict.durationMs,
      attempts: verdict.attempt,
      forkMs: verdict.forkMs,
    });
    schedule.finish(test.id, status);
  }

  #failed(test: TestCase, result: AttemptResult, { attempt, forkMs }: { attempt: number; forkMs: number }): void {
    const { run, schedule } = this.#options;
    this.#failures++;
    const [own, ...blocked] = schedule.finish(test.id, "failed");
    if (own) {
      const error = result.error === undefined ? {} : { error: result.error };
      run.emit({
        type: "test-finished",
        id: test.id,
        status: "failed",
        durationMs: result.durationMs,
        attempts: attempt,
        forkMs,
        ...error,
      });
    }
    emitUndone(run, blocked);
    this.#signalChange();
  }

  #arm(): void {
    this.#changed = new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #signalChange(): void {
    const wake = this.#wake;
    this.#arm();
    wake();
  }

  /** States of this run are needed by nobody after it; children go before the parents whose disks they stand on. */
  async #dropStates(): Promise<void> {
    for (const state of [...this.#states.values()].reverse()) await this.#options.engine.snapshots.remove(state.id);
    this.#states.clear();
  }
}

/** Verdicts of tests that never ran. */
export function emitUndone(run: RunContext, finished: readonly Finished[]): void {
  for (const { id, status, reason } of finished) {
    run.emit({ type: "test-finished", id, status, durationMs: 0, attempts: 0, forkMs: 0, ...(reason === undefined ? {} : { reason }) });
  }
}
