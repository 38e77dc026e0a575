import { SpectestError } from "../../src/errors/index.ts";
import type { TestOutcome, WireError } from "../../src/protocol/index.ts";
import type { DaemonMethods, RunItem } from "../ipc/messages.ts";
import type { Peer } from "../ipc/peer.ts";
import type { LoadedProject } from "../project/loaded-project.ts";
import type { ContextParts } from "./context.ts";
import type { RunSlot } from "./run.ts";
import { runWork, type WorkResult } from "./work.ts";

export interface RunTestRequest {
  id: string;
  timeoutMs: number | undefined;
  idPrefix: string;
  daemon: Peer<DaemonMethods>;
  signal: AbortSignal;
  emit(item: RunItem): void;
}

/**
 * Runs one test. What it returns is kept in the project's memory for its children.
 *
 * @throws SpectestError DAEMON_NOT_FOUND for an unknown id, DAEMON_CONFLICT while another run goes on.
 */
export async function runTest(project: LoadedProject, slot: RunSlot, request: RunTestRequest): Promise<TestOutcome> {
  const { case: test, definition } = project.test(request.id);
  const { body } = definition;
  if (!body) throw new SpectestError("DAEMON_BAD_REQUEST", { what: `test ${JSON.stringify(test.name)} is a todo: it has no body to run` });
  const result = await runWork(slot, {
    what: "the test",
    timeoutMs: request.timeoutMs ?? test.timeoutMs,
    idPrefix: request.idPrefix,
    roots: project.roots,
    daemon: request.daemon,
    signal: request.signal,
    emit: request.emit,
    parts: async () => await contextParts(project, test.name, test.parent),
    body,
  });
  const error = test.mode === "fails" ? invert(result) : result.error;
  if (error === undefined) project.results.set(test.id, result.value);
  return {
    id: test.id,
    status: error === undefined ? "passed" : "failed",
    durationMs: result.durationMs,
    ...(error === undefined ? {} : { error }),
    events: result.events,
    terminals: result.terminals,
    serviceLogs: [],
  };
}

async function contextParts(project: LoadedProject, testName: string, parent: string | undefined): Promise<ContextParts> {
  if (parent !== undefined && !project.results.has(parent)) {
    throw new SpectestError("INTERNAL", {
      what: `the parent test ${JSON.stringify(parent)} has not passed in this machine, so there is no state to start from`,
    });
  }
  return {
    svc: await project.svc(),
    fakeHelpers: project.fakes.helpers(),
    parent: parent === undefined ? undefined : project.results.get(parent),
    testName,
  };
}

/** A test marked `.fails` passes when its body fails; a time-out or a cancellation is not that. */
function invert({ error }: WorkResult): WireError | undefined {
  if (error === undefined) return { name: "Error", message: "the test is marked .fails, but its body passed" };
  return error.code === "TIMEOUT" || error.code === "CANCELLED" ? error : undefined;
}
