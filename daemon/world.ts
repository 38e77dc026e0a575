/** The daemon's parts, put together. Everything that lives as long as the process hangs here and nowhere else. */
import { mkdir } from "node:fs/promises";
import type { ParsedEnvironment, TestCase } from "../src/protocol/index.ts";
import type { BringUpDeps } from "./bring-up/bringUp.ts";
import { type Builder, createBuilder } from "./docker/builder.ts";
import { createQueue } from "./docker/images.ts";
import { configureMirror } from "./docker/mirror.ts";
import type { Docker } from "./docker/types.ts";
import { createExclusive, type Exclusive } from "./exclusive.ts";
import { type ProjectHost, startProjectHost } from "./host-process/process.ts";
import { createDaemonMethods } from "./host-process/methods.ts";
import { type Authority, openAuthority } from "./ingress/authority.ts";
import { createIngress, type Ingress } from "./ingress/server.ts";
import { createLayout, type Layout } from "./layout.ts";
import { writeHosts } from "./names/hostsFile.ts";
import { createNameServer } from "./names/server.ts";
import { createNameTable, type NameTable } from "./names/table.ts";
import { createIdSource, IDENTITY_FILE, type IdSource, type Renewal } from "./onResume.ts";
import { createDeathWatch } from "./services/deaths.ts";
import { createLifecycle, type Lifecycle } from "./services/lifecycle.ts";
import { createServiceRegistry, type ServiceRegistry } from "./services/registry.ts";

export interface LoadedEnvironment {
  hash: string;
  parsed: ParsedEnvironment;
}

export interface Loaded {
  environment: LoadedEnvironment | undefined;
  tests: { hash: string; cases: TestCase[] } | undefined;
  /** Services are up and the project's set-up ran. */
  ready: boolean;
}

export interface WorldOptions {
  stateDir: string;
  digest: string;
  docker: Docker;
  dockerSocket: string;
  /** The bundle of the project host. */
  hostEntry: string;
  hostsFile?: string;
  resolvFile?: string;
  dnsPort?: number;
  identityFile?: string;
  ingressPorts?: { http: number; https: number };
  /** How long a test's host may take to answer after its time limit; see runTest. */
  graceMs?: number;
  /** For tests: builds without BuildKit. */
  build?: Builder;
}

export interface World {
  digest: string;
  identityFile: string;
  graceMs: number | undefined;
  docker: Docker;
  layout: Layout;
  loaded: Loaded;
  exclusive: Exclusive;
  registry: ServiceRegistry;
  lifecycle: Lifecycle;
  names: NameTable;
  ids: IdSource;
  host(): ProjectHost;
  authority(): Promise<Authority>;
  bringUpDeps(): Promise<BringUpDeps>;
  useMirror(url: string): Promise<void>;
  renewals(): Renewal[];
  close(): void;
}

/** Starts the project host at once, so that it is warm when the machine is captured; Docker is not touched yet. */
export function createWorld(options: WorldOptions): World {
  const { docker } = options;
  const layout = createLayout(options.stateDir);
  const hostsFile = options.hostsFile ?? "/etc/hosts";
  const loaded: Loaded = { environment: undefined, tests: undefined, ready: false };
  const registry = createServiceRegistry();
  const names = createNameTable();
  const ids = createIdSource();
  const deaths = createDeathWatch();
  const buildQueue = createQueue();
  const publishQueue = createQueue();
  const build = options.build ?? createBuilder(options.dockerSocket, layout.buildDir);
  const publishNames = (): Promise<void> => publishQueue(() => writeHosts(hostsFile, names.entries()));

  let authority: Promise<Authority> | undefined;
  let opened: Authority | undefined;
  const openOnce = async (): Promise<Authority> => {
    authority ??= openAuthority(layout);
    opened = await authority;
    return opened;
  };
  const ingress: Ingress = createIngress({
    contextFor: (hostnames) => {
      if (!opened) throw new Error("no environment has been loaded");
      return opened.contextFor(hostnames);
    },
    fakesSocket: layout.fakesSocket,
    addressOf: (service) => (registry.has(service) ? registry.get(service).container?.ip : undefined),
    ...(options.ingressPorts === undefined ? {} : { ports: options.ingressPorts }),
  });
  const nameServer = createNameServer({
    resolve: names.resolve,
    resolvFile: options.resolvFile ?? "/etc/resolv.conf",
    ...(options.dnsPort === undefined ? {} : { port: options.dnsPort }),
  });
  const lifecycle = createLifecycle({ docker, layout, registry, names, ingress, deaths, publishNames });

  const handlers = createDaemonMethods({ docker, registry, lifecycle, names, ingress, build, buildQueue, layout, publishNames });
  const startHost = (): ProjectHost =>
    startProjectHost({ entry: options.hostEntry, fakesSocket: layout.fakesSocket, stateDir: layout.stateDir, handlers });
  let current = startHost();
  // A host that died takes the tests' values with it: with an environment up there is nothing to restart into.
  const host = (): ProjectHost => {
    if (current.gone !== undefined && !loaded.ready) current = startHost();
    return current;
  };

  let watching: Promise<() => void> | undefined;
  let stopWatching = (): void => {};
  const bringUpDeps = async (): Promise<BringUpDeps> => {
    await openOnce();
    await mkdir(layout.workspaceDir, { recursive: true });
    watching ??= docker.watchDeaths(({ id, exitCode }) => deaths.note(id, exitCode));
    stopWatching = await watching;
    const listen = async (gateway: string): Promise<void> => {
      await ingress.listen([gateway, "127.0.0.1"]);
      await nameServer.listen(gateway);
    };
    return { docker, build, buildQueue, layout, registry, lifecycle, ingress, names, host: host(), publishNames, listen };
  };

  return {
    digest: options.digest,
    identityFile: options.identityFile ?? IDENTITY_FILE,
    graceMs: options.graceMs,
    docker,
    layout,
    loaded,
    exclusive: createExclusive(),
    registry,
    lifecycle,
    names,
    ids,
    host,
    authority: openOnce,
    bringUpDeps,
    useMirror: configureMirror,
    renewals: () => [
      { what: "the daemon's ids", renew: ({ entropyHex }) => ids.renew(entropyHex) },
      {
        what: "the project host",
        renew: async ({ forkId, entropyHex, wallClockMs }) => {
          await host().call("renew", { forkId, entropyHex, wallClockMs });
        },
      },
    ],
    close: () => {
      stopWatching();
      ingress.close();
      nameServer.close();
      current.kill("the daemon ends");
    },
  };
}
