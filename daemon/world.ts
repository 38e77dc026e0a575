/** The daemon's parts, put together. Everything that lives as long as the process hangs here and nowhere else. */
import { mkdir } from "node:fs/promises";
import { SpectestError } from "../src/errors/index.ts";
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
import { warmUp } from "./warmUp.ts";

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
  /** Walk the paths of a bring-up once at the start; the first handshake waits for it. */
  warmUp?: boolean;
  /** How long a test's host may take to answer after its time limit; see runTest. */
  graceMs?: number;
  /** Told what went wrong where nothing fails because of it. */
  onWarning?: (error: unknown) => void;
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
  /** Settles when the warm-up is over, with or without success. */
  warm: Promise<void>;
  host(): ProjectHost;
  authority(): Promise<Authority>;
  bringUpDeps(): Promise<BringUpDeps>;
  useMirror(url: string): Promise<void>;
  renewals(): Renewal[];
  close(): void;
}

/** Less than a request's own time limit: the handshake waits for it. */
const WARM_UP_MS = 90_000;

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

  const authority = createLazyAuthority(layout);
  const ingress: Ingress = createIngress({
    contextFor: authority.contextFor,
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
  const host = createHostKeeper(
    () => startProjectHost({ entry: options.hostEntry, fakesSocket: layout.fakesSocket, stateDir: layout.stateDir, handlers }),
    () => !loaded.ready,
  );

  const warm = options.warmUp
    ? warmUp(docker, build, layout.buildDir, AbortSignal.timeout(WARM_UP_MS)).catch((error: unknown) => options.onWarning?.(error))
    : Promise.resolve();

  let watching: Promise<() => void> | undefined;
  let stopWatching = (): void => {};
  const bringUpDeps = async (): Promise<BringUpDeps> => {
    await authority.open();
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
    warm,
    authority: authority.open,
    bringUpDeps,
    useMirror: configureMirror,
    renewals: () => renewalsOf(ids, host()),
    close: () => {
      stopWatching();
      ingress.close();
      nameServer.close();
      host().kill("the daemon ends");
    },
  };
}

/** See onResume.ts. Addresses are read from the registry each time: there is no cache of them to drop. */
function renewalsOf(ids: IdSource, host: ProjectHost): Renewal[] {
  return [
    { what: "the daemon's ids", renew: ({ entropyHex }) => ids.renew(entropyHex) },
    {
      what: "the project host",
      renew: async ({ forkId, entropyHex, wallClockMs }) => {
        await host.call("renew", { forkId, entropyHex, wallClockMs });
      },
    },
  ];
}

/** The CA is created with the environment, not with the machine. */
function createLazyAuthority(layout: Layout): { open(): Promise<Authority>; contextFor: Authority["contextFor"] } {
  let opening: Promise<Authority> | undefined;
  let opened: Authority | undefined;
  return {
    open: async () => {
      opening ??= openAuthority(layout);
      opened = await opening;
      return opened;
    },
    contextFor: (hostnames) => {
      if (!opened) throw new SpectestError("INTERNAL", { what: "a certificate was asked for before an environment was loaded" });
      return opened.contextFor(hostnames);
    },
  };
}

/** A host that died is started again, unless the values of a running environment died with it. */
function createHostKeeper(start: () => ProjectHost, mayRestart: () => boolean): () => ProjectHost {
  let current = start();
  return () => {
    if (current.gone !== undefined && mayRestart()) current = start();
    return current;
  };
}
