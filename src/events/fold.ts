/** Pure: a run's state from its events, one at a time. The faces, the reporters and replay share it. */
import type { BootstrapLine, ServiceProgress } from "../protocol/index.ts";
import { foldTest, testsFrom } from "./fold-tests.ts";
import type { PhaseModel, RunModel, ServiceModel } from "./model.ts";
import type { PhaseEvent, RunEvent, RunStarted } from "./types.ts";

/**
 * The next state. Unknown tests or terminals are ignored: a journal may be cut at both ends.
 *
 * @example const model = events.reduce(foldRun, emptyRun);
 */
export function foldRun(model: RunModel, event: RunEvent): RunModel {
  const next = fold(model, event);
  return next.atMs === event.atMs ? next : { ...next, atMs: Math.max(model.atMs, event.atMs) };
}

function fold(model: RunModel, event: RunEvent): RunModel {
  switch (event.type) {
    case "run-started":
      return started(model, event);
    case "phase":
      return { ...model, phases: foldPhase(model.phases, event) };
    case "bring-up":
      return foldBringUp(model, event.line, event.atMs);
    case "environment-ready":
      return { ...model, environment: event };
    case "tests-discovered":
      return { ...model, ...testsFrom(event) };
    case "notice":
      return { ...model, notices: [...model.notices, event] };
    case "run-finished":
      return { ...model, finished: event };
    case "state-captured":
      return model;
    default:
      return foldTest(model, event);
  }
}

function started(model: RunModel, event: RunStarted): RunModel {
  const { runId, command, startedAt, projectDir, accel, accelReason } = event;
  return { ...model, runId, command, startedAt, projectDir, accel, accelReason };
}

function foldPhase(phases: readonly PhaseModel[], event: PhaseEvent): PhaseModel[] {
  const before = phases.find((phase) => phase.phase === event.phase);
  const { phase, state, detail, fraction, durationMs, error } = event;
  const next: PhaseModel = {
    phase,
    state,
    startedAtMs: before?.startedAtMs ?? event.atMs,
    ...(detail === undefined ? {} : { detail }),
    ...(fraction === undefined ? {} : { fraction }),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(error === undefined ? {} : { error }),
  };
  return before ? phases.map((each) => (each === before ? next : each)) : [...phases, next];
}

function foldBringUp(model: RunModel, line: BootstrapLine, atMs: number): RunModel {
  switch (line.type) {
    case "service":
      return { ...model, services: foldService(model.services, line, atMs) };
    case "setup":
      return { ...model, setup: line.state };
    case "notice":
      return { ...model, notices: [...model.notices, { type: "notice", level: line.level, message: line.message, atMs }] };
    case "done":
    case "failed":
      return model;
  }
}

function foldService(services: readonly ServiceModel[], line: ServiceProgress, atMs: number): ServiceModel[] {
  const before = services.find((service) => service.name === line.service);
  const next: ServiceModel = {
    name: line.service,
    state: line.state,
    startedAtMs: before?.startedAtMs ?? atMs,
    sinceMs: before?.state === line.state ? before.sinceMs : atMs,
    logTail: line.logTail ?? before?.logTail ?? [],
    ...(line.detail === undefined ? {} : { detail: line.detail }),
    ...(line.error === undefined ? {} : { error: line.error }),
  };
  return before ? services.map((each) => (each === before ? next : each)) : [...services, next];
}
