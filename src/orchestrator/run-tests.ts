/** `spectest test`: from a project on disk to a verdict per test. */
import { availableParallelism } from "node:os";
import type { VmEngine } from "../../qemu/index.ts";
import { isSpectestError } from "../errors/index.ts";
import type { RunFinished, TestStatus, Totals } from "../events/types.ts";
import { runId } from "../platform/index.ts";
import { bundleProject, findProject, type Project, type ProjectBundle } from "../project/index.ts";
import type { TestCase } from "../protocol/index.ts";
import { readDaemonFiles } from "./daemon-files.ts";
import { readDurations, writeDurations } from "./durations.ts";
import { type EnvironmentLayer, ensureEnvironment } from "./environment.ts";
import { emitUndone, Executor } from "./executor.ts";
import { type BaseLayer, ensureBase } from "./layers.ts";
import { runWithoutForks } from "./no-fork.ts";
import { RunContext } from "./run-context.ts";
import { Schedule } from "./schedule.ts";
import { selectTests } from "./selection.ts";
import { ensureTestsLoaded } from "./tests-layer.ts";
import { openStore } from "./store.ts";
import type { TestOptions } from "./types.ts";
import { toWireError } from "./wire-error.ts";

/** What the end of a run reports besides the verdicts. */
interface Summary {
  bringUp?: { kind: "cold" | "warm"; durationMs: number };
  forkMs: readonly number[];
}

/**
 * Runs a project's tests. Failures of any kind arrive as the final event, which is also the result; only a defect rejects.
 */
export async function runTests(options: TestOptions): Promise<RunFinished> {
  const totals = emptyTotals();
  const durations = new Map<string, number>();
  const run = new RunContext({
    runId: runId(),
    signal: options.signal,
    onEvent(event) {
      if (event.type === "test-finished") {
        totals[event.status]++;
        if (event.attempts > 0) durations.set(event.id, event.durationMs);
      }
      options.onEvent(event);
    },
  });
  const summary: Summary = { forkMs: [] };
  let error: unknown;
  let project: Project | undefined;
  try {
    project = await findProject(options.cwd);
    await runSelected(run, options, project, summary);
    await writeDurations(project.root, durations);
  } catch (caught) {
    error = caught;
  }
  try {
    await run.scope.close();
  } catch (caught) {
    error ??= caught;
  }
  return finish(run, totals, summary, error);
}

async function runSelected(run: RunContext, options: TestOptions, project: Project, summary: Summary): Promise<void> {
  const engine = await openStore(run, options, { command: "test", projectDir: project.root });
  const bundle = await run.phase("bundle", () => bundleProject(project, { signal: run.signal }));
  const base = await ensureBase(run, engine, await readDaemonFiles());
  const environment = await ensureEnvironment({ run, engine, base, project, bundle, fresh: options.fresh ?? false });
  run.emit({
    type: "environment-ready",
    kind: environment.kind,
    durationMs: environment.durationMs,
    timings: environment.timings,
    addresses: [],
  });
  summary.bringUp = { kind: environment.kind, durationMs: environment.durationMs };
  await runInEnvironment({ run, engine, base, environment, options, project, bundle }, summary);
}

interface Prepared {
  run: RunContext;
  engine: VmEngine;
  base: BaseLayer;
  environment: EnvironmentLayer;
  options: TestOptions;
  project: Project;
  bundle: ProjectBundle;
}

async function runInEnvironment(prepared: Prepared, summary: Summary): Promise<void> {
  const { run, engine, base, environment, options, project, bundle } = prepared;
  const loaded = await ensureTestsLoaded({ run, engine, environment, bundle, daemonDigest: base.daemon.digest });
  try {
    const { tests } = selectTests(loaded.tests, options);
    run.emit({ type: "tests-discovered", tests: loaded.tests, selected: tests.map((test) => test.id) });
    if (options.listOnly) return;
    const schedule = new Schedule(tests, await readDurations(project.root));
    skipUnwanted(run, schedule, tests);
    if (options.noFork) return await runWithoutForks({ ...prepared, tests, schedule });
    const executor = new Executor({
      run,
      engine,
      schedule,
      root: loaded.snapshot,
      daemonDigest: base.daemon.digest,
      workers: await workerCount(engine, loaded.snapshot.id, options.workers),
      ...(loaded.machine ? { machine: loaded.machine } : {}),
      ...(options.retries === undefined ? {} : { retries: options.retries }),
      ...(options.bail === undefined ? {} : { bail: options.bail }),
    });
    await executor.run();
    summary.forkMs = executor.forkMs;
    emitUndone(
      run,
      schedule.waiting().map(({ id }) => ({ id, status: "skipped", reason: "not started: --bail" })),
    );
  } finally {
    await loaded.machine?.discard();
  }
}

function skipUnwanted(run: RunContext, schedule: Schedule, tests: readonly TestCase[]): void {
  for (const test of tests) {
    if (schedule.statusOf(test.id) === undefined && (test.mode === "skip" || test.mode === "todo")) {
      emitUndone(run, schedule.finish(test.id, "skipped", test.mode));
    }
  }
}

/** Asked for, else one per core; never more than fit into free memory. */
async function workerCount(engine: VmEngine, snapshotId: string, asked: number | undefined): Promise<number> {
  const fitting = Math.max(1, await engine.capacity(snapshotId));
  return Math.min(asked ?? availableParallelism(), fitting);
}

function emptyTotals(): Totals {
  const totals: Record<TestStatus, number> = { passed: 0, failed: 0, flaky: 0, skipped: 0, blocked: 0, cached: 0 };
  return totals;
}

function finish(run: RunContext, totals: Totals, summary: Summary, error: unknown): RunFinished {
  const cancelled = isSpectestError(error, "CANCELLED") || run.signal.aborted;
  const verdict = totals.failed + totals.blocked > 0 ? "failed" : "passed";
  const event: RunFinished = {
    type: "run-finished",
    atMs: run.elapsedMs(),
    outcome: cancelled ? "cancelled" : error === undefined ? verdict : "error",
    totals,
    durationMs: run.elapsedMs(),
    forks: { count: summary.forkMs.length, p50Ms: median(summary.forkMs) },
    ...(summary.bringUp ? { bringUp: summary.bringUp } : {}),
    ...(error === undefined ? {} : { error: toWireError(error) }),
  };
  run.emit(event);
  return event;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
