/** Runs one test in the project host, and answers for it when it does not. */
import { isSpectestError, type SpectestError } from "../../src/errors/index.ts";
import type { RecordedEvent, RunTestLine, TerminalSession, TestOutcome, WireError } from "../../src/protocol/index.ts";
import type { RunItem } from "../ipc/messages.ts";
import { toWireError } from "../ipc/peer.ts";
import type { ProjectHost } from "./process.ts";

export interface RunTestOptions {
  host: ProjectHost;
  id: string;
  attempt: number;
  timeoutMs: number;
  /** After its limit the host has this long to abort the test and answer. Default 10 000: it may be emulated. */
  graceMs?: number;
  signal: AbortSignal;
  onLine(line: RunTestLine): void;
}

/** What is known of a run without the host's answer. */
interface Seen {
  events: Map<number, RecordedEvent>;
  terminals: Map<string, TerminalSession>;
  phase: string;
}

const DEFAULT_GRACE_MS = 10_000;

/** Always an outcome: a host that hangs or dies fails the test. */
export async function runTest(options: RunTestOptions): Promise<TestOutcome> {
  const { host, id, attempt, timeoutMs, graceMs = DEFAULT_GRACE_MS, signal } = options;
  const startMs = performance.now();
  const seen: Seen = { events: new Map(), terminals: new Map(), phase: "starting" };
  let hung = false;
  const deadline = setTimeout(() => {
    hung = true;
    host.kill(`it did not end the test ${id}`);
  }, timeoutMs + graceMs);
  try {
    return await host.call("runTest", { id, attempt, timeoutMs }, { signal, onItem: (item) => note(item, seen, options.onLine) });
  } catch (error) {
    const failure = hung ? hungError(timeoutMs, graceMs, seen.phase) : lostError(error, host.gone, seen.phase);
    return {
      id,
      status: "failed",
      durationMs: performance.now() - startMs,
      error: failure,
      events: [...seen.events.values()].sort((one, other) => one.seq - other.seq),
      terminals: [...seen.terminals.values()],
      serviceLogs: [],
    };
  } finally {
    clearTimeout(deadline);
  }
}

function note(item: RunItem, seen: Seen, onLine: (line: RunTestLine) => void): void {
  switch (item.type) {
    case "phase":
      seen.phase = item.phase;
      return;
    case "event":
      seen.events.set(item.event.seq, item.event);
      break;
    case "terminal-opened":
      seen.terminals.set(item.session.id, { ...item.session, frames: [...item.session.frames] });
      break;
    case "terminal-output":
      seen.terminals.get(item.id)?.frames.push([item.atSeconds, item.data]);
      break;
  }
  onLine(item);
}

function hungError(timeoutMs: number, graceMs: number, phase: string): WireError {
  return {
    name: "TimeoutError",
    code: "TIMEOUT",
    message: `the test did not end within its ${timeoutMs} ms, nor within ${graceMs} ms after it was told to stop: it blocks the event loop (phase: ${phase})`,
    hint: "look for an endless loop or a long synchronous computation; this machine runs no further tests",
  };
}

function lostError(error: unknown, gone: SpectestError | undefined, phase: string): WireError {
  if (gone === undefined && isSpectestError(error, "CANCELLED")) return toWireError(error);
  const wire = toWireError(gone ?? error);
  return { ...wire, message: `${wire.message} (phase: ${phase})` };
}
