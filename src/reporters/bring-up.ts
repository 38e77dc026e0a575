/** Progress before the tests, as lines: phases, service states, notices. Messages, never data. */
import type { EnvironmentReady, PhaseEvent, RunEvent } from "../events/index.ts";
import type { BootstrapLine, ServiceProgress, ServiceState } from "../protocol/index.ts";
import { errorText } from "./failure.ts";
import { formatMs, indent } from "../events/text.ts";
import type { Reporter, ReporterOptions } from "./types.ts";

/** A phase that works on without a change of state says so at most this often. */
const PROGRESS_EVERY_MS = 5_000;

/** Writes one line per change of a phase or a service. */
export function createBringUpLines(options: ReporterOptions): Reporter {
  const { message, paint, verbose } = options;
  const serviceStates = new Map<string, string>();
  const phaseTimes = new Map<string, number>();
  let readySaid = false;
  const line = (atMs: number, text: string): void => message(`${paint.dim(`${(atMs / 1000).toFixed(1).padStart(7)}s`)}  ${text}`);

  const onPhase = (event: PhaseEvent): void => {
    if (event.state === "progress") {
      const lastMs = phaseTimes.get(event.phase) ?? Number.NEGATIVE_INFINITY;
      if (!verbose && event.atMs - lastMs < PROGRESS_EVERY_MS) return;
    }
    phaseTimes.set(event.phase, event.atMs);
    line(event.atMs, phaseText(event, options));
    if (event.error) message(indent(errorText(event.error, options), 10));
  };
  const onService = (event: ServiceProgress, atMs: number): void => {
    const now = verbose ? `${event.state} ${event.detail ?? ""}` : event.state;
    if (serviceStates.get(event.service) === now) return;
    serviceStates.set(event.service, now);
    line(atMs, serviceText(event, options));
    if (event.state !== "failed") return;
    if (event.error) message(indent(errorText(event.error, options), 10));
    for (const log of event.logTail?.slice(-20) ?? []) message(`          ${paint.dim("│")} ${log}`);
  };
  const onLine = (event: BootstrapLine, atMs: number): void => {
    if (event.type === "service") onService(event, atMs);
    else if (event.type === "setup") line(atMs, `set-up ${event.state}`);
    else if (event.type === "notice") line(atMs, `${event.level === "warning" ? paint.yellow("warning:") : "note:"} ${event.message}`);
  };
  return {
    onEvent(event: RunEvent) {
      if (event.type === "run-started")
        message(`${paint.bold("spectest")} run ${event.runId}  ${paint.dim(`${event.accel}: ${event.accelReason}`)}`);
      else if (event.type === "phase") onPhase(event);
      else if (event.type === "bring-up") onLine(event.line, event.atMs);
      else if (event.type === "environment-ready") {
        onReady(event, options, readySaid);
        readySaid = true;
      } else if (event.type === "notice") onNotice(event, options);
    },
  };
}

function phaseText({ phase, state, detail, fraction, durationMs }: PhaseEvent, { paint }: ReporterOptions): string {
  const word = { started: "…", progress: "…", done: "done", reused: "reused", waiting: "waiting", failed: paint.red("failed") }[state];
  const parts = [phase.padEnd(10), word];
  if (fraction !== undefined && state === "progress") parts.push(`${Math.round(fraction * 100)} %`);
  if (detail !== undefined) parts.push(detail);
  if (durationMs !== undefined) parts.push(paint.dim(`(${formatMs(durationMs)})`));
  return parts.join(" ");
}

function serviceText({ service, state, detail }: ServiceProgress, { paint }: ReporterOptions): string {
  const colors: Partial<Record<ServiceState, typeof paint.red>> = { ready: paint.green, failed: paint.red, cancelled: paint.yellow };
  const color = colors[state] ?? ((text: string) => text);
  return [service.padEnd(10), color(state), detail].filter((part) => part !== undefined).join(" ");
}

/** `up` says twice that it is ready: when the environment is there, and when its ports are. */
function onReady(event: EnvironmentReady, { message, paint }: ReporterOptions, saidBefore: boolean): void {
  if (!saidBefore) message(`${paint.green("environment ready")} in ${formatMs(event.durationMs)} (${event.kind})`);
  for (const { service, port, address } of event.addresses) message(`  ${service}:${port}  ${address}`);
}

function onNotice({ level, message: text, hint }: Extract<RunEvent, { type: "notice" }>, { message, paint }: ReporterOptions): void {
  const label = { info: "note:", warning: paint.yellow("warning:"), error: paint.red("error:") }[level];
  message(`${label} ${text}`);
  if (hint !== undefined) message(`  ${paint.cyan("hint:")} ${hint}`);
}
