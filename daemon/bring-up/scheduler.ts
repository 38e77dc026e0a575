/**
 * The order of a bring-up. A service starts the moment its own image is ready and everything it depends on is through
 * run, ready and set-up: there is no barrier by level. Pure: what a step does is handed in.
 */
import { setMaxListeners } from "node:events";
import { SpectestError } from "../../src/errors/index.ts";
import { dependentsOf, validateGraph } from "../../src/graph/index.ts";
import type { ServiceTiming } from "../../src/protocol/index.ts";

export interface BringUpService {
  name: string;
  dependsOn: readonly string[];
}

export interface BringUpSteps<S extends BringUpService> {
  /** Gets the image; runs for all services at once. */
  prepare(service: S, signal: AbortSignal): Promise<{ slowestSteps: ServiceTiming["slowestSteps"] }>;
  run(service: S, signal: AbortSignal): Promise<void>;
  ready(service: S, signal: AbortSignal): Promise<void>;
  setup(service: S, signal: AbortSignal): Promise<void>;
  nowMs(): number;
  onReady(service: S): void;
  onFailed(service: S, error: unknown): void;
  /** `because` is the service whose failure this one fails with, when it depends on it. */
  onCancelled(service: S, because: { failed: string } | undefined): void;
}

/** The first failure of a bring-up. */
export class BringUpError extends Error {
  readonly service: string;
  constructor(service: string, cause: unknown) {
    super(`service ${service} failed`, { cause });
    this.service = service;
  }
}

/** Refuses unknown names and cycles; nothing has been started then. */
export function checkServiceGraph(services: readonly BringUpService[]): void {
  const [problem] = validateGraph(services.map(({ name, dependsOn }) => ({ id: name, dependsOn })));
  if (!problem) return;
  switch (problem.type) {
    case "unknown":
      throw new SpectestError("GRAPH_UNKNOWN", {
        what: `service ${problem.from} depends on ${problem.to}, which does not exist; there are ${problem.known.join(", ")}`,
        value: problem,
      });
    case "cycle":
      throw new SpectestError("GRAPH_CYCLE", { what: `services depend on each other: ${problem.path.join(" → ")}`, value: problem });
    case "duplicate":
      throw new SpectestError("PROJECT_INVALID", { what: `two services are named ${problem.id}`, value: problem });
  }
}

/** Timings of all services, slowest first. After a failure the rest is cancelled and waited for, then it throws BringUpError. */
export async function runBringUp<S extends BringUpService>(
  services: readonly S[],
  steps: BringUpSteps<S>,
  signal: AbortSignal,
): Promise<ServiceTiming[]> {
  checkServiceGraph(services);
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  setMaxListeners(0, stop); // every service in progress listens
  const failures: BringUpError[] = [];
  const gates = new Map(services.map((service) => [service.name, createGate()]));
  const graph = services.map(({ name, dependsOn }) => ({ id: name, dependsOn }));

  const bringUp = async (service: S): Promise<ServiceTiming | undefined> => {
    const dependencies = service.dependsOn.map((name) => gates.get(name)?.passed ?? Promise.resolve());
    try {
      const timing = await oneService(service, steps, Promise.all(dependencies), stop);
      steps.onReady(service);
      gates.get(service.name)?.open();
      return timing;
    } catch (error) {
      const first = failures[0]?.service;
      if (!stop.aborted) {
        failures.push(new BringUpError(service.name, error));
        steps.onFailed(service, error);
        failed.abort(new SpectestError("CANCELLED", { what: `service ${service.name} failed` }));
      } else {
        const depends = first !== undefined && dependentsOf(graph, first).has(service.name);
        steps.onCancelled(service, depends ? { failed: first } : undefined);
      }
      gates.get(service.name)?.shut();
      return undefined;
    }
  };

  const timings = await Promise.all(services.map(bringUp));
  if (failures[0]) throw failures[0];
  signal.throwIfAborted();
  return timings.filter((timing) => timing !== undefined).sort((one, other) => totalMs(other) - totalMs(one));
}

interface Gate {
  passed: Promise<void>;
  open(): void;
  shut(): void;
}

function createGate(): Gate {
  let open = (): void => {};
  let shut = (): void => {};
  const passed = new Promise<void>((resolve, reject) => {
    open = resolve;
    shut = () => reject(new SpectestError("CANCELLED", { what: "a service it depends on did not become ready" }));
  });
  passed.catch(() => {}); // nobody may depend on it
  return { passed, open, shut };
}

async function oneService<S extends BringUpService>(
  service: S,
  steps: BringUpSteps<S>,
  dependencies: Promise<unknown>,
  signal: AbortSignal,
): Promise<ServiceTiming> {
  const timed = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
    const startMs = steps.nowMs();
    const result = await work();
    return [result, steps.nowMs() - startMs];
  };
  const [[{ slowestSteps }, prepareMs]] = await Promise.all([timed(() => steps.prepare(service, signal)), dependencies]);
  const inOrder = async (work: () => Promise<void>): Promise<number> => {
    signal.throwIfAborted();
    return (await timed(work))[1];
  };
  const runMs = await inOrder(() => steps.run(service, signal));
  const readyMs = await inOrder(() => steps.ready(service, signal));
  const setupMs = await inOrder(() => steps.setup(service, signal));
  return { service: service.name, prepareMs, runMs, readyMs, setupMs, slowestSteps };
}

function totalMs(timing: ServiceTiming): number {
  return timing.prepareMs + timing.runMs + timing.readyMs + timing.setupMs;
}
