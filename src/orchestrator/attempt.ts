/** One attempt at one test in one machine: the guest's stream becomes run events and an outcome. */
import { messageOf } from "../errors/index.ts";
import type { TestCase, TestOutcome, WireError } from "../protocol/index.ts";
import type { Machine } from "./machine.ts";
import type { RunContext } from "./run-context.ts";
import { toWireError } from "./wire-error.ts";

export interface AttemptResult {
  status: "passed" | "failed";
  durationMs: number;
  error?: WireError;
}

export async function runAttempt(
  run: RunContext,
  machine: Machine,
  test: TestCase,
  attempt: number,
  start: "fork" | "continue" | "fresh",
): Promise<AttemptResult> {
  const forkMs = start === "continue" ? 0 : machine.forkMs;
  run.emit({ type: "test-started", id: test.id, attempt, vmId: machine.vm.id, start, forkMs });
  const outcome = await followOutcome(run, machine, test, attempt);
  const result = judge(test, outcome);
  run.emit({ type: "attempt-finished", id: test.id, attempt, serviceLogs: outcome.serviceLogs, ...result });
  return result;
}

/** The daemon's verdict, or a failed outcome that says why there is none. A cancelled run throws. */
async function followOutcome(run: RunContext, machine: Machine, test: TestCase, attempt: number): Promise<TestOutcome> {
  const startedMs = run.elapsedMs();
  try {
    for await (const line of machine.guest.runTest({ id: test.id, attempt, timeoutMs: test.timeoutMs }, { signal: run.signal })) {
      if (line.type === "outcome") return line.outcome;
      if (line.type === "event") run.emit({ type: "test-event", id: test.id, attempt, event: line.event });
      else if (line.type === "terminal-opened") run.emit({ type: "terminal-opened", id: test.id, attempt, session: line.session });
      else run.emit({ type: "terminal-output", id: test.id, attempt, terminalId: line.id, atSeconds: line.atSeconds, data: line.data });
    }
    return lost(test, run.elapsedMs() - startedMs, new Error("the daemon ended the test's stream without a verdict"));
  } catch (error) {
    run.throwIfCancelled();
    return lost(test, run.elapsedMs() - startedMs, error);
  }
}

function lost(test: TestCase, durationMs: number, error: unknown): TestOutcome {
  return { id: test.id, status: "failed", durationMs, error: toWireError(error), events: [], terminals: [], serviceLogs: [] };
}

/** `.fails` turns the verdict around. */
function judge(test: TestCase, outcome: TestOutcome): AttemptResult {
  const { status, durationMs, error } = outcome;
  if (test.mode !== "fails") return error === undefined ? { status, durationMs } : { status, durationMs, error };
  if (status === "failed") return { status: "passed", durationMs };
  const unexpected = new Error(`"${test.name}" is marked as failing and passed`);
  return { status: "failed", durationMs, error: { name: "Error", message: messageOf(unexpected) } };
}
