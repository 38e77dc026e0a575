/** The services of this guest: what is declared, what runs, and under which address. */
import { SpectestError } from "../../src/errors/index.ts";
import type { ServiceSpec, ServiceState, ServiceStatus } from "../../src/protocol/index.ts";
import type { ContainerState } from "../docker/types.ts";

export interface ServiceEntry {
  name: string;
  spec: ServiceSpec;
  /** Started by test code rather than declared. */
  runtime: boolean;
  state: ServiceState;
  image?: string;
  container?: ContainerState;
  ports: number[];
}

export interface ServiceRegistry {
  declare(name: string, spec: ServiceSpec, runtime: boolean): ServiceEntry;
  /** @throws SpectestError DAEMON_NOT_FOUND, naming what there is */
  get(name: string): ServiceEntry;
  /** @throws SpectestError DAEMON_NOT_FOUND also when it has no container */
  running(name: string): ServiceEntry & { container: ContainerState };
  has(name: string): boolean;
  remove(name: string): void;
  clear(): void;
  all(): ServiceEntry[];
}

export function createServiceRegistry(): ServiceRegistry {
  const entries = new Map<string, ServiceEntry>();
  const get = (name: string): ServiceEntry => {
    const entry = entries.get(name);
    if (entry) return entry;
    const known = [...entries.keys()];
    throw new SpectestError("DAEMON_NOT_FOUND", {
      what: known.length === 0 ? `no service ${name}: no environment is up` : `no service ${name}; there are ${known.join(", ")}`,
      value: name,
    });
  };
  return {
    declare: (name, spec, runtime) => {
      const entry: ServiceEntry = { name, spec, runtime, state: "pending", ports: [] };
      entries.set(name, entry);
      return entry;
    },
    get,
    running: (name) => {
      const entry = get(name);
      const { container } = entry;
      if (!container) throw new SpectestError("DAEMON_NOT_FOUND", { what: `service ${name} is not running (${entry.state})`, value: name });
      return { ...entry, container };
    },
    has: (name) => entries.has(name),
    remove: (name) => void entries.delete(name),
    clear: () => entries.clear(),
    all: () => [...entries.values()],
  };
}

export function toStatus(entry: ServiceEntry): ServiceStatus {
  const { name, state, runtime, ports, image, container } = entry;
  return {
    name,
    state,
    runtime,
    ports,
    restarts: container?.restarts ?? 0,
    ...(image === undefined ? {} : { image }),
    ...(container === undefined ? {} : { ip: container.ip, containerId: container.id, startedAt: container.startedAt }),
  };
}

/** Where a service can be reached: what it declares, then what its image exposes. */
export function portsOf(spec: ServiceSpec, exposed: readonly number[]): number[] {
  const declared = [
    ...(spec.readyCheck && spec.readyCheck.type !== "exec" ? [spec.readyCheck.port] : []),
    ...(spec.tls ?? []).map(({ port }) => port),
  ];
  return [...new Set([...declared, ...exposed])];
}

/** Names a service answers to on the network. */
export function namesOf(name: string, spec: ServiceSpec): string[] {
  return [...new Set([name, `${name}.internal`, ...(spec.hostnames ?? [])])];
}
