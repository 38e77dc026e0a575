/** The one stream every face reads: what a run does, from the first phase to the totals. */
import type { BootstrapLine, RecordedEvent, ServiceLog, ServiceTiming, TerminalSession, TestCase, WireError } from "../protocol/index.ts";

export const EVENTS_SCHEMA_VERSION = 1;

/** Phases before the tests, in the order a cold run goes through them. */
export type PhaseName = "image" | "boot" | "base" | "bundle" | "upload" | "services" | "capture" | "load-tests";

export type TestStatus = "passed" | "failed" | "flaky" | "skipped" | "blocked" | "cached";

interface At {
  /** Milliseconds since the run began (monotonic). */
  atMs: number;
}

export interface RunStarted extends At {
  type: "run-started";
  schemaVersion: number;
  runId: string;
  command: "up" | "test" | "eval";
  /** ISO 8601. */
  startedAt: string;
  projectDir: string;
  accel: string;
  accelReason: string;
}
export interface PhaseEvent extends At {
  type: "phase";
  phase: PhaseName;
  /** "reused": nothing had to be done, a captured state was there. */
  state: "started" | "progress" | "done" | "reused" | "waiting" | "failed";
  detail?: string;
  fraction?: number;
  durationMs?: number;
  error?: WireError;
}
/** A line of the guest's bootstrap stream, passed on as it came. */
export interface BringUpEvent extends At {
  type: "bring-up";
  line: BootstrapLine;
}
export interface EnvironmentReady extends At {
  type: "environment-ready";
  kind: "cold" | "warm";
  durationMs: number;
  timings: ServiceTiming[];
  /** Reachable from the host, only in `up`. */
  addresses: { service: string; port: number; address: string }[];
}
export interface TestsDiscovered extends At {
  type: "tests-discovered";
  tests: TestCase[];
  /** Ids this run will execute. */
  selected: string[];
}
export interface TestStarted extends At {
  type: "test-started";
  id: string;
  attempt: number;
  vmId: string;
  /** How its machine came about: forked, continued in its parent's machine, or booted fresh (--no-fork). */
  start: "fork" | "continue" | "fresh";
  /** Cost of that start. */
  forkMs: number;
}
export interface TestRecorded extends At {
  type: "test-event";
  id: string;
  attempt: number;
  event: RecordedEvent;
}
export interface TestTerminalOpened extends At {
  type: "terminal-opened";
  id: string;
  attempt: number;
  session: TerminalSession;
}
export interface TestTerminalOutput extends At {
  type: "terminal-output";
  id: string;
  attempt: number;
  terminalId: string;
  atSeconds: number;
  data: string;
}
export interface TestAttemptFinished extends At {
  type: "attempt-finished";
  id: string;
  attempt: number;
  status: "passed" | "failed";
  durationMs: number;
  error?: WireError;
  serviceLogs: ServiceLog[];
}
export interface TestFinished extends At {
  type: "test-finished";
  id: string;
  status: TestStatus;
  durationMs: number;
  attempts: number;
  forkMs: number;
  error?: WireError;
  /** For blocked: the ancestor that failed. For skipped: why. */
  reason?: string;
}
export interface StateCaptured extends At {
  type: "state-captured";
  /** Test whose state it is. */
  id: string;
  snapshotId: string;
  pauseMs: number;
  bytes: number;
}
export interface Notice extends At {
  type: "notice";
  level: "info" | "warning" | "error";
  message: string;
  hint?: string;
}
export interface Totals {
  passed: number;
  failed: number;
  flaky: number;
  skipped: number;
  blocked: number;
  cached: number;
}
export interface RunFinished extends At {
  type: "run-finished";
  outcome: "passed" | "failed" | "cancelled" | "error";
  totals: Totals;
  durationMs: number;
  bringUp?: { kind: "cold" | "warm"; durationMs: number };
  forks: { count: number; p50Ms: number };
  error?: WireError;
}

export type RunEvent =
  | RunStarted
  | PhaseEvent
  | BringUpEvent
  | EnvironmentReady
  | TestsDiscovered
  | TestStarted
  | TestRecorded
  | TestTerminalOpened
  | TestTerminalOutput
  | TestAttemptFinished
  | TestFinished
  | StateCaptured
  | Notice
  | RunFinished;

/** What a face may ask of a run. Faces get this object and nothing else of the orchestrator. */
export interface RunControls {
  /** First call cancels and tears down; the second ends at once. */
  cancel(): void;
}

export type EventListener = (event: RunEvent) => void;
