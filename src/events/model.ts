/** What a run looks like at one instant: the state every face shows. Built by `foldRun` only, never changed in place. */
import type { RecordedEvent, ServiceLog, ServiceState, TerminalSession, WireError } from "../protocol/index.ts";
import type { EnvironmentReady, Notice, PhaseEvent, PhaseName, RunFinished, TestStarted, TestStatus, Totals } from "./types.ts";

export interface PhaseModel {
  phase: PhaseName;
  state: PhaseEvent["state"];
  detail?: string;
  /** 0..1 */
  fraction?: number;
  startedAtMs: number;
  durationMs?: number;
  error?: WireError;
}

export interface ServiceModel {
  name: string;
  state: ServiceState;
  detail?: string;
  /** When it was first heard of, and when it entered its present state; in the run's time. */
  startedAtMs: number;
  sinceMs: number;
  error?: WireError;
  logTail: readonly string[];
}

export type TestState = "queued" | "running" | TestStatus;

export interface TestModel {
  id: string;
  name: string;
  file: string;
  line: number;
  parent?: string;
  tags: readonly string[];
  /** Number of ancestors that are part of this run's tests. */
  depth: number;
  selected: boolean;
  state: TestState;
  /** Attempt under way or last done; 0 before the first. */
  attempt: number;
  attempts: number;
  startedAtMs?: number;
  durationMs?: number;
  forkMs?: number;
  start?: TestStarted["start"];
  vmId?: string;
  error?: WireError;
  /** Of an attempt before the present one. */
  earlierError?: WireError;
  reason?: string;
  /** Of the last attempt, ordered by sequence number. */
  events: readonly RecordedEvent[];
  terminals: readonly TerminalSession[];
  serviceLogs: readonly ServiceLog[];
}

export interface RunModel {
  runId?: string;
  command?: "up" | "test" | "eval";
  startedAt?: string;
  projectDir?: string;
  accel?: string;
  accelReason?: string;
  /** Time of the newest event, in milliseconds since the run began. */
  atMs: number;
  /** In order of first appearance. */
  phases: readonly PhaseModel[];
  services: readonly ServiceModel[];
  setup?: "started" | "done" | "failed";
  environment?: EnvironmentReady;
  tests: ReadonlyMap<string, TestModel>;
  /** Ids depth first by dependsOn, siblings in the order of discovery; only selected tests and their ancestors. */
  order: readonly string[];
  forkTimesMs: readonly number[];
  notices: readonly Notice[];
  finished?: RunFinished;
}

export const emptyRun: RunModel = {
  atMs: 0,
  phases: [],
  services: [],
  tests: new Map(),
  order: [],
  forkTimesMs: [],
  notices: [],
};

/** Counts of the tests so far. Before the end of the run this is less than the number of tests. */
export function totalsOf(model: RunModel): Totals {
  const totals: Totals = { passed: 0, failed: 0, flaky: 0, skipped: 0, blocked: 0, cached: 0 };
  for (const id of model.order) {
    const state = model.tests.get(id)?.state;
    if (state !== undefined && state !== "queued" && state !== "running") totals[state] += 1;
  }
  return totals;
}

/** Ids from the root down to (not including) the test. */
export function ancestorsOf(model: RunModel, id: string): string[] {
  const path: string[] = [];
  let parent = model.tests.get(id)?.parent;
  while (parent !== undefined && !path.includes(parent)) {
    path.unshift(parent);
    parent = model.tests.get(parent)?.parent;
  }
  return path;
}
