/** One run and everything that reads it: journal, face, reporters. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { Chalk } from "chalk";
import { messageOf, SpectestError } from "../errors/index.ts";
import { createBus, createJournal, type EventBus, type Journal, type RunEvent, type RunModel } from "../events/index.ts";
import { projectPaths } from "../platform/paths.ts";
import {
  createBringUpLines,
  createReporter,
  failedServicesText,
  failuresText,
  type Reporter,
  type ReporterOptions,
  totalsText,
  withoutCommands,
} from "../reporters/index.ts";
import type { CommandContext } from "./context.ts";
import { chooseFace, type Face } from "./face.ts";
import type { ReporterSpec } from "./reporters.ts";
import { openScreen, type Screen } from "./screen.ts";

export interface SessionSpec {
  reporters: readonly ReporterSpec[];
  /** Something else than a face will write to stdout at the end, e.g. `--list`. */
  stdoutTaken?: boolean;
  /** A replay is not recorded again. */
  journal?: boolean;
}

export interface Session {
  readonly face: Face;
  readonly model: RunModel;
  readonly events: EventBus;
  /** Where the journal lies, once the run has begun. */
  readonly journalPath: string | undefined;
  /** With a screen: resolves when the person left it, or the process was asked to end. Without: at once. */
  untilLeft(): Promise<void>;
  /** Leaves the screen, prints the summary there was no room for, writes files. Idempotent. */
  close(): Promise<void>;
}

export async function openSession(context: CommandContext, spec: SessionSpec): Promise<Session> {
  const { io } = context;
  const ownStdout = spec.reporters.find((reporter) => reporter.file === undefined);
  const face = faceOf(context, spec.stdoutTaken === true || ownStdout !== undefined);
  if (face === "json" && ownStdout && ownStdout.name !== "events") {
    throw new SpectestError("USAGE", {
      what: `--ui json and the reporter ${ownStdout.name} both write to standard output`,
      hint: `--reporter ${ownStdout.name}:FILE`,
    });
  }
  const events = createBus((error) => io.say(`warning: a reporter failed and was dropped: ${messageOf(error)}`));
  const journal = spec.journal === false ? undefined : recordRun(events, io.say);
  const files = spec.reporters.filter((reporter) => reporter.file !== undefined).map((reporter) => fileReporter(context, events, reporter));
  const lines = createLines(context, events, { face, ownStdout, stdoutTaken: spec.stdoutTaken === true });
  const screen =
    face === "tui" ? await openScreen({ context, events, readSource: sourceReader(events), onFailure: lines.start }) : undefined;
  if (!screen) lines.start();
  let closing: Promise<void> | undefined;
  return {
    face,
    events,
    get model() {
      return events.model;
    },
    get journalPath() {
      return journal?.path();
    },
    async untilLeft() {
      if (screen) await Promise.race([screen.untilLeft(), aborted(context.interrupts.signal)]);
    },
    close() {
      closing ??= closeAll(context, events, screen, () => {
        journal?.close();
        for (const write of files) write();
      });
      return closing;
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

async function closeAll(context: CommandContext, events: EventBus, screen: Screen | undefined, writeFiles: () => void): Promise<void> {
  const wasShown = screen?.showing === true;
  await screen?.close();
  writeFiles();
  if (!wasShown) return;
  const options = reporterOptions(context, events, context.io.out);
  context.io.out(`${failedServicesText(events.model, options)}${failuresText(events.model, options)}${totalsText(events.model, options)}`);
}

function faceOf({ ui, io, env }: CommandContext, stdoutTaken: boolean): Face {
  return chooseFace({
    choice: ui,
    stdinIsTerminal: io.stdin.isTTY === true,
    stdoutIsTerminal: io.stdout.isTTY === true,
    columns: io.stdout.columns,
    rows: io.stdout.rows,
    stdoutTaken,
    env,
  });
}

/** Starts the journal with the run: its directory is named by the first event. */
function recordRun(events: EventBus, say: (text: string) => void): { path(): string | undefined; close(): void } {
  let journal: Journal | undefined;
  events.subscribe((event) => {
    if (event.type === "run-started") journal = startJournal(event, say);
    journal?.append(event);
  });
  return { path: () => journal?.path, close: () => journal?.close() };
}

function startJournal({ projectDir, runId }: Extract<RunEvent, { type: "run-started" }>, say: (text: string) => void): Journal | undefined {
  const { state, runs } = projectPaths(projectDir);
  try {
    return createJournal({ stateDir: state, runDir: resolve(runs, runId) });
  } catch (error) {
    say(`warning: this run is not recorded: ${messageOf(error)}`);
    return undefined;
  }
}

interface LineSpec {
  face: Face;
  ownStdout: ReporterSpec | undefined;
  stdoutTaken: boolean;
}

/** The faces without a screen. Started later when the screen fails, they go on from where the run is. */
function createLines(context: CommandContext, events: EventBus, spec: LineSpec): { start: () => void } {
  const options = reporterOptions(context, events, context.io.out);
  const reporters = lineReporters(spec, options);
  return {
    start() {
      for (const reporter of reporters) events.subscribe((event, model) => reporter.onEvent(event, model));
    },
  };
}

function lineReporters({ face, ownStdout, stdoutTaken }: LineSpec, options: ReporterOptions): Reporter[] {
  if (ownStdout) {
    const own = createReporter(ownStdout.name, options);
    const showsProgress = ownStdout.name === "list" || ownStdout.name === "dot";
    if (ownStdout.name === "github") return [createReporter("list", options), own];
    return face === "quiet" || showsProgress ? [own] : [createBringUpLines(options), own];
  }
  if (face === "json") return [createReporter("events", options)];
  if (stdoutTaken) return face === "quiet" ? [] : [createBringUpLines(options)];
  if (face === "quiet") return [quietReporter(options)];
  return [createReporter("list", options)];
}

function quietReporter(options: ReporterOptions): Reporter {
  return {
    onEvent(event, model) {
      if (event.type === "run-finished") options.data(failuresText(model, options));
    },
  };
}

function fileReporter(context: CommandContext, events: EventBus, { name, file }: ReporterSpec): () => void {
  const parts: string[] = [];
  const options = reporterOptions(context, events, (text) => parts.push(text));
  const reporter = createReporter(name, { ...options, message: () => undefined, paint: new Chalk({ level: 0 }) });
  events.subscribe((event, model) => reporter.onEvent(event, model));
  const path = resolve(context.cwd, file ?? name);
  return () => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, parts.join(""));
  };
}

function reporterOptions(context: CommandContext, events: EventBus, data: (text: string) => void): ReporterOptions {
  const { io, env, colors, verbose } = context;
  const inActions = env.GITHUB_ACTIONS === "true";
  return {
    data,
    message: (text) => io.say(inActions ? withoutCommands(text) : text),
    paint: new Chalk({ level: colors.out }),
    verbose,
    readSource: sourceReader(events),
    ...(env.GITHUB_WORKSPACE ? { workspaceDir: env.GITHUB_WORKSPACE } : {}),
  };
}

/** Sources are read from the project only: locations come from the guest. */
export function sourceReader(events: EventBus): (file: string) => string | undefined {
  return (file) => {
    const { projectDir } = events.model;
    if (projectDir === undefined) return undefined;
    const path = resolve(projectDir, file);
    if (relative(projectDir, path).startsWith("..")) return undefined;
    try {
      return readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
  };
}
