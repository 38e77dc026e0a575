/** The whole bring-up of an environment, streamed as lines: network, ingress, services, set-up. */
import { isSpectestError, messageOf, SpectestError } from "../../src/errors/index.ts";
import type { BootstrapLine, ParsedEnvironment, ParsedService, ServiceState, WireError } from "../../src/protocol/index.ts";
import type { Builder } from "../docker/builder.ts";
import { createImageStore, type Queue } from "../docker/images.ts";
import type { Docker } from "../docker/types.ts";
import type { ProjectHost } from "../host-process/process.ts";
import type { IngressRoute } from "../ingress/routing.ts";
import type { Ingress } from "../ingress/server.ts";
import type { HostLog } from "../ipc/messages.ts";
import { toWireError } from "../ipc/peer.ts";
import type { Layout } from "../layout.ts";
import type { NameTable } from "../names/table.ts";
import { buildLogOf, type Lifecycle } from "../services/lifecycle.ts";
import type { ServiceEntry, ServiceRegistry } from "../services/registry.ts";
import { BringUpError, checkServiceGraph, runBringUp } from "./scheduler.ts";

export interface BringUpDeps {
  docker: Docker;
  build: Builder;
  buildQueue: Queue;
  layout: Layout;
  registry: ServiceRegistry;
  lifecycle: Lifecycle;
  ingress: Ingress;
  names: NameTable;
  host: ProjectHost;
  publishNames(): Promise<void>;
  /** The ingress and the name server answer there. */
  listen(gateway: string): Promise<void>;
}

type Send = (line: BootstrapLine) => void;

/** Sends lines up to `done` or `failed`; never throws for what fails in the guest. True when everything is up. */
export async function bringUp(environment: ParsedEnvironment, deps: BringUpDeps, send: Send, signal: AbortSignal): Promise<boolean> {
  const startMs = performance.now();
  const atMs = (): number => Math.round(performance.now() - startMs);
  try {
    checkServiceGraph(environment.services.map(({ name, spec }) => ({ name, dependsOn: spec.dependsOn ?? [] })));
    const { gateway } = await deps.docker.network();
    deps.ingress.setRoutes(routesOf(environment));
    deps.names.setIngress(gateway, deps.ingress.hostnames());
    await deps.listen(gateway);
    await deps.publishNames();
    const timings = await bringUpServices(environment.services, gateway, deps, send, atMs, signal);
    if (environment.hasSetup) await projectSetup(deps.host, send, atMs);
    send({ type: "done", durationMs: atMs(), timings });
    return true;
  } catch (error) {
    send(failedLine(error));
    return false;
  }
}

function failedLine(error: unknown): BootstrapLine {
  if (error instanceof BringUpError) return { type: "failed", service: error.service, error: serviceError(error.cause) };
  return { type: "failed", error: toWireError(error) };
}

function serviceError(error: unknown): WireError {
  const wire = toWireError(error);
  return wire.code === undefined ? { ...wire, code: "SERVICE_FAILED" } : wire;
}

/** Every name that is answered on 80 and 443. */
export function routesOf(environment: ParsedEnvironment): IngressRoute[] {
  const fakes = environment.fakes.map(
    (fake): IngressRoute => ({ hostnames: fake.hostnames, port: fake.port, target: { type: "fake", fake: fake.name } }),
  );
  return [...fakes, ...environment.services.flatMap((service) => serviceRoutes(service.name, service.spec.tls ?? []))];
}

/** Names that lead to the same port share a certificate. */
export function serviceRoutes(service: string, tls: readonly { hostname: string; port: number }[]): IngressRoute[] {
  const ports = [...new Set(tls.map(({ port }) => port))];
  return ports.map((port) => ({
    hostnames: tls.filter((entry) => entry.port === port).map(({ hostname }) => hostname),
    target: { type: "service", service, port },
  }));
}

interface Item extends ParsedService {
  dependsOn: readonly string[];
  entry: ServiceEntry;
}

async function bringUpServices(
  services: readonly ParsedService[],
  gateway: string,
  deps: BringUpDeps,
  send: Send,
  atMs: () => number,
  signal: AbortSignal,
) {
  const { docker, lifecycle, registry, host } = deps;
  const images = createImageStore({
    docker,
    build: deps.build,
    buildQueue: deps.buildQueue,
    contextDir: deps.layout.workspaceDir,
    excludes: services.map(({ spec }) => (spec.image.type === "dockerfile" ? spec.image.exclude : undefined)),
  });
  const items = services.map(
    (service): Item => ({
      ...service,
      dependsOn: service.spec.dependsOn ?? [],
      entry: registry.declare(service.name, service.spec, false),
    }),
  );
  const references = new Map<string, string>();
  /** Reports of failures, which wait for the service's log. */
  const pending: Promise<void>[] = [];
  const notice = (level: "info" | "warning", message: string): void => send({ type: "notice", level, message, atMs: atMs() });
  const report = (item: Item, state: ServiceState, more: { detail?: string; error?: WireError; logTail?: string[] } = {}): void => {
    item.entry.state = state;
    send({ type: "service", service: item.name, state, atMs: atMs(), ...more });
  };
  for (const item of items) report(item, "pending");

  return await runBringUp(
    items,
    {
      nowMs: () => performance.now(),
      prepare: async (item, stop) => {
        const prepared = await images.prepare({
          service: item.name,
          image: item.spec.image,
          signal: stop,
          onState: (state, detail) => report(item, state, detail === undefined ? {} : { detail }),
          onWarning: (message) => notice("warning", message),
        });
        references.set(item.name, prepared.reference);
        report(item, "prepared");
        return prepared;
      },
      run: async (item) => {
        report(item, "starting");
        await lifecycle.run(item.entry, references.get(item.name) ?? "", gateway);
      },
      ready: async (item, stop) => {
        if (item.spec.readyCheck) report(item, "probing");
        await lifecycle.ready(item.entry, (detail) => report(item, "probing", { detail }), stop);
      },
      setup: async (item) => {
        if (!item.hasSetup && !item.hasHelpers) return;
        report(item, "probing", { detail: "set-up" });
        const onItem = (log: HostLog): void =>
          notice(log.level === "warn" || log.level === "error" ? "warning" : "info", `${item.name}: ${log.text}`);
        await host.call("serviceSetup", { name: item.name }, { onItem }).catch((error: unknown) => {
          throw setupError(`the set-up of service ${item.name} failed`, error);
        });
      },
      onReady: (item) => report(item, "ready"),
      onFailed: (item, error) => {
        item.entry.state = "failed";
        const buildLog = buildLogOf(error);
        const tail = buildLog === undefined ? lifecycle.logTail(item.name) : Promise.resolve(buildLog);
        pending.push(
          tail.then((logTail) => report(item, "failed", { error: serviceError(error), ...(logTail.length === 0 ? {} : { logTail }) })),
        );
      },
      onCancelled: (item, because) =>
        report(item, because ? "failed" : "cancelled", {
          detail: because ? `needs ${because.failed}, which failed` : "another service failed",
        }),
    },
    signal,
  ).finally(() => Promise.all(pending));
}

/** Keeps the author's error and says which hook threw it. */
function setupError(what: string, error: unknown): SpectestError {
  if (isSpectestError(error, "SETUP_FAILED")) return error;
  const wire = toWireError(error);
  const failure = new SpectestError("SETUP_FAILED", {
    what: `${what}: ${messageOf(error)}`,
    cause: error,
    value: wire,
    ...(wire.at === undefined ? {} : { at: { file: wire.at.file, line: wire.at.line } }),
  });
  if (wire.stack !== undefined) failure.stack = wire.stack;
  return failure;
}

async function projectSetup(host: ProjectHost, send: Send, atMs: () => number): Promise<void> {
  send({ type: "setup", state: "started", atMs: atMs() });
  const onItem = (log: HostLog): void =>
    send({
      type: "notice",
      level: log.level === "warn" || log.level === "error" ? "warning" : "info",
      message: `setup: ${log.text}`,
      atMs: atMs(),
    });
  try {
    await host.call("projectSetup", {}, { onItem });
  } catch (error) {
    send({ type: "setup", state: "failed", atMs: atMs() });
    throw setupError("the project's setup failed", error);
  }
  send({ type: "setup", state: "done", atMs: atMs() });
}
