/** The part of the fold that concerns tests: discovery, attempts, what they record, results. */
import type { RecordedEvent, TerminalSession, TestCase } from "../protocol/index.ts";
import type { RunModel, TestModel } from "./model.ts";
import type {
  RunEvent,
  TestAttemptFinished,
  TestFinished,
  TestStarted,
  TestsDiscovered,
  TestTerminalOpened,
  TestTerminalOutput,
} from "./types.ts";

type TestEvent = Extract<
  RunEvent,
  { type: "test-started" | "test-event" | "terminal-opened" | "terminal-output" | "attempt-finished" | "test-finished" }
>;

/** The tests of a run in tree order. Unselected tests stay only as ancestors of selected ones. */
export function testsFrom(event: TestsDiscovered): { tests: Map<string, TestModel>; order: string[] } {
  const cases = new Map(event.tests.map((test) => [test.id, test]));
  const shown = withAncestors(cases, event.selected);
  const selected = new Set(event.selected);
  const tests = new Map<string, TestModel>();
  const visit = (test: TestCase, depth: number): void => {
    if (tests.has(test.id)) return;
    tests.set(test.id, newTest(test, depth, selected.has(test.id)));
    for (const child of event.tests) if (child.parent === test.id && shown.has(child.id)) visit(child, depth + 1);
  };
  for (const test of event.tests) {
    if (shown.has(test.id) && (test.parent === undefined || !shown.has(test.parent))) visit(test, 0);
  }
  return { tests, order: [...tests.keys()] };
}

function withAncestors(cases: ReadonlyMap<string, TestCase>, selected: readonly string[]): Set<string> {
  const shown = new Set<string>();
  for (const id of selected) {
    for (let test = cases.get(id); test && !shown.has(test.id); test = test.parent === undefined ? undefined : cases.get(test.parent)) {
      shown.add(test.id);
    }
  }
  return shown;
}

function newTest(test: TestCase, depth: number, selected: boolean): TestModel {
  const { id, name, file, line, parent, tags } = test;
  return {
    id,
    name,
    file,
    line,
    ...(parent === undefined ? {} : { parent }),
    tags,
    depth,
    selected,
    state: "queued",
    attempt: 0,
    attempts: 0,
    events: [],
    terminals: [],
    serviceLogs: [],
  };
}

export function foldTest(model: RunModel, event: TestEvent): RunModel {
  const test = model.tests.get(event.id);
  if (!test) return model;
  const next = step(test, event);
  if (next === test) return model;
  const forkTimesMs = event.type === "test-started" && event.start === "fork" ? [...model.forkTimesMs, event.forkMs] : model.forkTimesMs;
  return { ...model, tests: new Map(model.tests).set(test.id, next), forkTimesMs };
}

function step(test: TestModel, event: TestEvent): TestModel {
  switch (event.type) {
    case "test-started":
      return attemptStarted(test, event);
    case "test-event":
      return { ...test, events: putEvent(test.events, event.event) };
    case "terminal-opened":
      return terminalOpened(test, event);
    case "terminal-output":
      return terminalOutput(test, event);
    case "attempt-finished":
      return attemptFinished(test, event);
    case "test-finished":
      return testFinished(test, event);
  }
}

function attemptStarted(test: TestModel, event: TestStarted): TestModel {
  const { attempt, atMs, vmId, start, forkMs } = event;
  const { error, reason: _reason, durationMs: _durationMs, ...rest } = test;
  return {
    ...rest,
    ...(error === undefined ? {} : { earlierError: error }),
    state: "running",
    attempt,
    attempts: attempt,
    startedAtMs: atMs,
    vmId,
    start,
    forkMs,
    events: [],
    terminals: [],
    serviceLogs: [],
  };
}

/** Same sequence number again replaces; most events arrive in order, at the end. */
function putEvent(events: readonly RecordedEvent[], event: RecordedEvent): RecordedEvent[] {
  const index = events.findLastIndex((each) => each.seq <= event.seq);
  const replaced = index >= 0 && events[index]?.seq === event.seq;
  return events.toSpliced(replaced ? index : index + 1, replaced ? 1 : 0, event);
}

function terminalOpened(test: TestModel, event: TestTerminalOpened): TestModel {
  const others = test.terminals.filter((session) => session.id !== event.session.id);
  return { ...test, terminals: [...others, event.session] };
}

function terminalOutput(test: TestModel, event: TestTerminalOutput): TestModel {
  const add = (session: TerminalSession): TerminalSession =>
    session.id === event.terminalId ? { ...session, frames: [...session.frames, [event.atSeconds, event.data]] } : session;
  return { ...test, terminals: test.terminals.map(add) };
}

function attemptFinished(test: TestModel, event: TestAttemptFinished): TestModel {
  const { durationMs, error, serviceLogs } = event;
  return { ...test, durationMs, serviceLogs, ...(error === undefined ? {} : { error }) };
}

function testFinished(test: TestModel, event: TestFinished): TestModel {
  const { status, durationMs, attempts, forkMs, error, reason } = event;
  // A flaky test passed in the end; what its failed attempt said is worth keeping.
  const { error: last, ...rest } = test;
  const shown = error ?? (status === "failed" ? last : status === "flaky" ? test.earlierError : undefined);
  return {
    ...rest,
    state: status,
    durationMs,
    attempts,
    forkMs,
    ...(shown === undefined ? {} : { error: shown }),
    ...(reason === undefined ? {} : { reason }),
  };
}
