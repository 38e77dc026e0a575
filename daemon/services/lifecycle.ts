/** Running one service: container up, wait until ready, take down. Used by bring-ups and by test code. */
import { setTimeout as sleep } from "node:timers/promises";
import { isSpectestError, SpectestError } from "../../src/errors/index.ts";
import { probe } from "../bring-up/probes.ts";
import { waitUntilReady } from "../bring-up/ready.ts";
import type { ContainerState, Docker } from "../docker/types.ts";
import type { Ingress } from "../ingress/server.ts";
import type { Layout } from "../layout.ts";
import type { NameTable } from "../names/table.ts";
import type { DeathWatch } from "./deaths.ts";
import { caEnvironment, prepareMounts } from "./mounts.ts";
import { namesOf, portsOf, type ServiceEntry, type ServiceRegistry } from "./registry.ts";

const LOG_TAIL_LINES = 200;

export interface LifecycleDeps {
  docker: Docker;
  layout: Layout;
  registry: ServiceRegistry;
  names: NameTable;
  ingress: Ingress;
  deaths: DeathWatch;
  /** Writes the names out, for test code and containers. */
  publishNames(): Promise<void>;
}

export interface Lifecycle {
  run(entry: ServiceEntry, image: string, gateway: string): Promise<ContainerState>;
  ready(entry: ServiceEntry, onDetail: (detail: string) => void, signal: AbortSignal): Promise<void>;
  stop(name: string): Promise<void>;
  /** The last log lines, for an error. Never fails. */
  logTail(name: string): Promise<string[]>;
}

export function createLifecycle(deps: LifecycleDeps): Lifecycle {
  const { docker, layout, registry, names, ingress, deaths } = deps;

  const logTail = async (name: string): Promise<string[]> => {
    try {
      const { stdout, stderr } = await docker.log(name, LOG_TAIL_LINES);
      return `${stdout}${stderr}`.trimEnd().split("\n").slice(-LOG_TAIL_LINES);
    } catch {
      return [];
    }
  };

  return {
    run: async (entry, image, gateway) => {
      const { name, spec } = entry;
      const extraHosts = ingress
        .hostnames()
        .filter((hostname) => !hostname.includes("*"))
        .map((hostname) => ({ hostname, address: gateway }));
      const aliases = namesOf(name, spec);
      const mounts = await prepareMounts(name, spec, layout);
      const container = await docker.start({ name, image, spec, aliases, mounts, extraHosts, baseEnv: caEnvironment(), dns: [gateway] });
      entry.image = image;
      entry.container = container;
      entry.ports = portsOf(spec, await docker.exposedPorts(image));
      names.setService(name, container.ip, aliases);
      await deps.publishNames();
      return container;
    },

    ready: async (entry, onDetail, signal) => {
      const { container } = entry;
      if (!container) throw new SpectestError("INTERNAL", { what: `service ${entry.name} has no container to wait for` });
      const { died, forget } = deaths.whenDead(container.id);
      const ended = died.then((exitCode) => {
        throw new SpectestError("SERVICE_FAILED", {
          what: `service ${entry.name} ended with exit code ${exitCode} while it was waited for`,
        });
      });
      ended.catch(() => {});
      try {
        if (entry.spec.readyCheck) {
          await waitUntilReady(
            entry.name,
            entry.spec.readyCheck,
            {
              probe: (check, stop) => probe(docker, container, check, stop),
              sleep: (ms, stop) => sleep(ms, undefined, { signal: stop }),
              nowMs: () => performance.now(),
              onAttempt: onDetail,
              died: ended,
            },
            signal,
          );
        }
      } finally {
        forget();
      }
    },

    stop: async (name) => {
      const entry = registry.get(name);
      await docker.remove(name);
      names.removeService(name);
      entry.state = "stopped";
      delete entry.container;
      // A declared service keeps its hostnames: they answer 502 until it is started again.
      if (entry.runtime) {
        ingress.removeRoutesOf(name);
        registry.remove(name);
      }
      await deps.publishNames();
    },
    logTail,
  };
}

/** Log lines of a failed image build travel with its error. */
export function buildLogOf(error: unknown): string[] | undefined {
  if (!isSpectestError(error)) return undefined;
  const { value } = error;
  return typeof value === "object" && value !== null && "logTail" in value && Array.isArray(value.logTail) ? value.logTail : undefined;
}
