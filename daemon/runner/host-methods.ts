import { SpectestError } from "../../src/errors/index.ts";
import type { NameContext } from "../../src/sdk/context.ts";
import type { DaemonMethods, HostLog, HostMethods } from "../ipc/messages.ts";
import { type Handlers, type Peer, RemoteError } from "../ipc/peer.ts";
import { evaluate } from "../eval/evaluate.ts";
import { serveFakes, type FakeServer } from "../project/fake-server.ts";
import { sourceRoots, toFailure } from "../project/failure.ts";
import { LoadedProject, LoadHistory } from "../project/loaded-project.ts";
import { trustCa } from "../project/trust.ts";
import { Origins } from "../recorder/origins.ts";
import { Recorder } from "../recorder/recorder.ts";
import type { Randomness } from "../renewal/randomness.ts";
import { captureConsole } from "./console.ts";
import { buildContext, nameContext, setupPart } from "./context.ts";
import type { RunSlot } from "./run.ts";
import { runTest } from "./run-test.ts";

export interface HostOptions {
  slot: RunSlot;
  randomness: Randomness;
  /** Where fakes are served; absent: nowhere. */
  fakesSocket: string | undefined;
  /** CA certificates this process trusted at its start. */
  certificates: readonly string[];
}

interface HostState {
  project: LoadedProject | undefined;
  /** The directory being loaded, for the places in errors. */
  loadingDir: string | undefined;
  fakes: FakeServer | undefined;
  forkId: string;
  lastRun: number;
  evalState: Record<string, unknown>;
}

/** The project host's side of the IPC contract. `daemon` is asked for late, because the two ends refer to each other. */
export function createHostMethods(options: HostOptions, daemon: () => Peer<DaemonMethods>): Handlers<HostMethods> {
  const { slot, randomness } = options;
  const state: HostState = { project: undefined, loadingDir: undefined, fakes: undefined, forkId: "0", lastRun: 0, evalState: {} };
  const history = new LoadHistory();
  const names: NameContext = {
    dnsName: async (...args) => await nameContext(daemon()).dnsName(...args),
    startService: async (...args) => await nameContext(daemon()).startService(...args),
    stopService: async (...args) => await nameContext(daemon()).stopService(...args),
  };

  const project = (): LoadedProject => {
    if (state.project) return state.project;
    throw new SpectestError("DAEMON_BAD_REQUEST", { what: "no environment is loaded" });
  };
  const nextIdPrefix = (): string => `${state.forkId}.${(++state.lastRun).toString(36)}`;

  /** Errors leave with the author's places; what hooks print is streamed. */
  const hook = async <T>(emit: (line: HostLog) => void, work: () => Promise<T>): Promise<T> => {
    const restore = captureConsole(emit);
    try {
      return await work();
    } catch (error) {
      const roots = state.project?.roots ?? sourceRoots(state.loadingDir === undefined ? [] : [state.loadingDir]);
      throw new RemoteError(toFailure(error, roots));
    } finally {
      restore();
    }
  };

  const unload = async (): Promise<void> => {
    await state.fakes?.close();
    state.fakes = undefined;
    state.project = undefined;
  };

  const load = async (dir: string, entry: string): Promise<LoadedProject> => {
    await unload();
    state.loadingDir = dir;
    const loaded = await LoadedProject.load(dir, entry, names, history);
    state.project = loaded;
    if (options.fakesSocket !== undefined && loaded.environment.fakes.length > 0) {
      const handle = async (name: string, request: Request): Promise<Response> => await loaded.fakes.handle(name, request);
      state.fakes = await serveFakes(options.fakesSocket, handle, (text) => reportFake(slot, text));
    }
    return loaded;
  };

  return {
    ...loadingMethods({ hook, load, unload, project }, (caPem, caPath) => trustCa(caPem, caPath, options.certificates)),
    serviceSetup: async ({ name }, { emit }) =>
      await hook(emit, async () => {
        await project().setUpService(name);
        return undefined;
      }),
    projectSetup: async (_params, { emit, signal }) =>
      await hook(emit, async () => {
        await setUpProject(project(), daemon(), signal);
        return undefined;
      }),
    runTest: async ({ id, timeoutMs }, { emit, signal }) =>
      await runTest(project(), slot, { id, timeoutMs, idPrefix: nextIdPrefix(), daemon: daemon(), signal, emit }),
    evaluate: async (params, { emit, signal }) =>
      await evaluate(slot, {
        params,
        project: state.project,
        idPrefix: nextIdPrefix(),
        daemon: daemon(),
        signal,
        state: state.evalState,
        emit,
      }),
    renew: ({ forkId, entropyHex }) => {
      state.forkId = forkId;
      randomness.reseed(entropyHex);
      return undefined;
    },
    cancel: ({ reason }) => {
      slot.current?.abort(new SpectestError("CANCELLED", { what: reason }));
      return undefined;
    },
    ping: () => undefined,
  };
}

interface Loading {
  hook: <T>(emit: (line: HostLog) => void, work: () => Promise<T>) => Promise<T>;
  load: (dir: string, entry: string) => Promise<LoadedProject>;
  unload: () => Promise<void>;
  project: () => LoadedProject;
}

function loadingMethods(
  { hook, load, unload, project }: Loading,
  trust: (caPem: string, caPath: string) => void,
): Pick<Handlers<HostMethods>, "loadEnvironment" | "loadTests" | "unload"> {
  return {
    loadEnvironment: async ({ dir, entry, caPem, caPath }, { emit }) =>
      await hook(emit, async () => {
        trust(caPem, caPath);
        return (await load(dir, entry)).environment;
      }),
    loadTests: async ({ dir, entries }, { emit }) => await hook(emit, async () => ({ tests: await project().loadTests(dir, entries) })),
    unload: async () => {
      await unload();
      return undefined;
    },
  };
}

/** A handler that threw is part of what a running test should show. */
function reportFake(slot: RunSlot, text: string): void {
  if (slot.current) slot.current.recorder.note<"log">({ kind: "log", level: "error", text });
  else process.stderr.write(`${text}\n`);
}

/** The project's `setup`, with a context that is recorded nowhere. */
async function setUpProject(project: LoadedProject, daemon: Peer<DaemonMethods>, signal: AbortSignal): Promise<void> {
  const { setup, roots } = project;
  if (!setup) return;
  const recorder = new Recorder({ idPrefix: "setup", emit: () => undefined });
  const parts = { svc: await project.svc(), fakeHelpers: project.fakes.helpers(), parent: undefined, testName: "setup" };
  const failure = (error: unknown) => toFailure(error, roots);
  const { ctx, close } = buildContext({ recorder, origins: new Origins(), signal, daemon, failure }, parts);
  try {
    await setup(setupPart(ctx));
  } catch (cause) {
    throw new SpectestError("SETUP_FAILED", { what: "the project's set-up failed", cause });
  } finally {
    recorder.close();
    await close();
  }
}
