/** The whole bring-up of an environment, streamed as lines: network, ingress, services, set-up. */
import type { BootstrapLine, ParsedEnvironment } from "../../src/protocol/index.ts";
import type { Builder } from "../docker/builder.ts";
import type { Queue } from "../docker/images.ts";
import type { Docker } from "../docker/types.ts";
import type { ProjectHost } from "../host-process/process.ts";
import type { IngressRoute } from "../ingress/routing.ts";
import type { Ingress } from "../ingress/server.ts";
import type { HostLog } from "../ipc/messages.ts";
import { toWireError } from "../ipc/peer.ts";
import type { Layout } from "../layout.ts";
import type { NameTable } from "../names/table.ts";
import type { Lifecycle } from "../services/lifecycle.ts";
import { emptyAbsoluteVolumes } from "../services/mounts.ts";
import type { ServiceRegistry } from "../services/registry.ts";
import { serviceError, setupError } from "./errors.ts";
import { BringUpError, checkServiceGraph } from "./scheduler.ts";
import { bringUpServices } from "./serviceSteps.ts";

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

/** Sends all lines but the last one, `done` or `failed`, which it returns; never throws for what fails in the guest. */
export async function bringUp(
  environment: ParsedEnvironment,
  deps: BringUpDeps,
  send: Send,
  signal: AbortSignal,
): Promise<Extract<BootstrapLine, { type: "done" | "failed" }>> {
  const startMs = performance.now();
  const atMs = (): number => Math.round(performance.now() - startMs);
  try {
    checkServiceGraph(environment.services.map(({ name, spec }) => ({ name, dependsOn: spec.dependsOn ?? [] })));
    const { gateway } = await deps.docker.network();
    await emptyAbsoluteVolumes(deps.layout);
    deps.ingress.setRoutes(routesOf(environment));
    deps.names.setIngress(gateway, deps.ingress.hostnames());
    await deps.listen(gateway);
    await deps.publishNames();
    const timings = await bringUpServices(environment.services, { ...deps, gateway, send, atMs }, signal);
    if (environment.hasSetup) await projectSetup(deps.host, send, atMs);
    return { type: "done", durationMs: atMs(), timings };
  } catch (error) {
    return failedLine(error);
  }
}

function failedLine(error: unknown): Extract<BootstrapLine, { type: "failed" }> {
  if (error instanceof BringUpError) return { type: "failed", service: error.service, error: serviceError(error.cause) };
  return { type: "failed", error: toWireError(error) };
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
