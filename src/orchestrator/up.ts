/** `spectest up`: an environment that stays, with its services on host loopback and a socket for other commands. */
import { serveVm } from "../../qemu/index.ts";
import { runId, stopwatch } from "../platform/index.ts";
import { bundleProject, findProject } from "../project/index.ts";
import { serveControl } from "./control-server.ts";
import { readDaemonFiles } from "./daemon-files.ts";
import { ensureEnvironment } from "./environment.ts";
import { type Address, forwardServices } from "./forwards.ts";
import { ensureBase } from "./layers.ts";
import { forkMachine } from "./machine.ts";
import { RunContext } from "./run-context.ts";
import { sessionPaths } from "./session-paths.ts";
import { openStore } from "./store.ts";
import type { SessionOptions } from "./types.ts";
import { toWireError } from "./wire-error.ts";

export interface RunningEnvironment {
  id: string;
  addresses: Address[];
  /** Resolves when the environment is gone: closed here, taken down from elsewhere, or its machine died. */
  closed: Promise<void>;
  close(): Promise<void>;
}

/**
 * Brings a project's environment up and keeps it. The services' declared ports are reachable on 127.0.0.1 until it is closed.
 *
 * @throws the error that ended the bring-up, after everything was torn down.
 */
export async function startEnvironment(options: SessionOptions): Promise<RunningEnvironment> {
  const run = new RunContext({ runId: runId(), signal: options.signal, onEvent: options.onEvent });
  try {
    return await start(run, options);
  } catch (error) {
    await run.scope.close().catch(() => undefined);
    run.emit({
      type: "run-finished",
      outcome: options.signal.aborted ? "cancelled" : "error",
      totals: { passed: 0, failed: 0, flaky: 0, skipped: 0, blocked: 0, cached: 0 },
      durationMs: run.elapsedMs(),
      forks: { count: 0, p50Ms: 0 },
      error: toWireError(error),
    });
    throw error;
  }
}

async function start(run: RunContext, options: SessionOptions): Promise<RunningEnvironment> {
  const project = await findProject(options.cwd);
  const engine = await openStore(run, options, { command: "up", projectDir: project.root });
  const took = stopwatch();
  const bundle = await run.phase("bundle", () => bundleProject(project, { signal: run.signal }));
  const base = await ensureBase(run, engine, await readDaemonFiles());
  const environment = await ensureEnvironment({ run, engine, base, project, bundle, fresh: options.fresh ?? false });
  const machine = await forkMachine(run, engine, environment.snapshot.id, { name: "up", daemonDigest: base.daemon.digest });
  const commands = await serveVm(engine, machine.vm);
  run.scope.defer("close the machine's command socket", () => commands.close());
  const addresses = await forwardServices(run, machine.guest);
  const control = await serveControl(sessionPaths(options.home, project.root), machine.guest);
  run.scope.defer("close the control socket", () => control.close());
  run.emit({ type: "environment-ready", kind: environment.kind, durationMs: took(), timings: environment.timings, addresses });
  const ended = Promise.race([control.downRequested, machine.vm.exited.then(() => undefined), aborted(options.signal)]);
  const closed = ended.then(() => run.scope.close());
  closed.catch(() => undefined);
  return {
    id: machine.vm.id,
    addresses,
    closed,
    async close() {
      control.requestDown();
      await closed;
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
