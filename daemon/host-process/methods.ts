/** What the author's code may ask of the daemon, by way of the project host. */
import { SpectestError } from "../../src/errors/index.ts";
import { serviceNameSchema, serviceSpecSchema, type ServiceSpec } from "../../src/protocol/index.ts";
import { LOGIN_SHELL } from "../api/processes.ts";
import { serviceRoutes } from "../bring-up/bringUp.ts";
import type { Builder } from "../docker/builder.ts";
import { createImageStore, createQueue, type Queue } from "../docker/images.ts";
import type { Docker, RunningExec } from "../docker/types.ts";
import type { Ingress } from "../ingress/server.ts";
import type { DaemonMethods, OutputItem, TerminalInput } from "../ipc/messages.ts";
import type { CallContext, Handlers } from "../ipc/peer.ts";
import type { Layout } from "../layout.ts";
import type { NameTable } from "../names/table.ts";
import type { Lifecycle } from "../services/lifecycle.ts";
import type { ServiceRegistry } from "../services/registry.ts";

export interface MethodDeps {
  docker: Docker;
  registry: ServiceRegistry;
  lifecycle: Lifecycle;
  names: NameTable;
  ingress: Ingress;
  build: Builder;
  buildQueue: Queue;
  layout: Layout;
  publishNames(): Promise<void>;
}

const DEFAULT_LOG_LINES = 500;

export function createDaemonMethods(deps: MethodDeps): Handlers<DaemonMethods> {
  const { docker, registry, lifecycle, names } = deps;
  return {
    exec: async ({ service, command, env, workdir, stdin }, context) => {
      const { container } = registry.running(service);
      const startMs = performance.now();
      const running = await docker.exec(container.id, {
        argv: typeof command === "string" ? ["sh", "-c", command] : command,
        stdin: stdin !== undefined,
        ...(env === undefined ? {} : { env }),
        ...(workdir === undefined ? {} : { workdir }),
      });
      if (stdin !== undefined) {
        running.write(stdin);
        running.endInput();
      }
      return await follow(running, context, startMs);
    },

    terminal: async ({ service, command, cols, rows, env }, context) => {
      const { container } = registry.running(service);
      const startMs = performance.now();
      const running = await docker.exec(container.id, {
        argv: command === undefined ? LOGIN_SHELL : typeof command === "string" ? ["sh", "-c", command] : command,
        tty: { cols, rows },
        stdin: true,
        env: { TERM: "xterm-256color", ...env },
      });
      // In order: what is typed after a resize is read at the new size.
      const inOrder = createQueue();
      context.onInput((input) => void inOrder(() => applyInput(running, input)).catch(() => {}));
      return await follow(running, context, startMs);
    },

    startService: ({ name, spec }, { signal }) => startService(name, spec, deps, signal),

    stopService: async ({ name }) => {
      await lifecycle.stop(name);
      return undefined;
    },

    dnsName: async ({ hostname, target }) => {
      if ("service" in target) registry.running(target.service);
      names.register(hostname, target);
      await deps.publishNames();
      return undefined;
    },

    serviceAddress: ({ service }) => {
      const { container, ports } = registry.running(service);
      return { ip: container.ip, ports };
    },

    serviceLog: ({ service, tail }) => docker.log(registry.running(service).container.id, tail ?? DEFAULT_LOG_LINES),
  };
}

async function applyInput(running: RunningExec, input: TerminalInput): Promise<void> {
  switch (input.type) {
    case "input":
      running.write(input.data);
      return;
    case "resize":
      await running.resize(input.cols, input.rows);
      return;
    case "close":
      await running.kill();
      return;
  }
}

async function follow(
  running: RunningExec,
  context: CallContext<{ params: unknown; result: unknown; item: OutputItem; input: never }> | CallContext<DaemonMethods["terminal"]>,
  startMs: number,
): Promise<{ exitCode: number; durationMs: number }> {
  const kill = (): void => void running.kill().catch(() => {});
  context.signal.addEventListener("abort", kill, { once: true });
  try {
    for await (const { stream, data } of running.output) context.emit({ stream, data, atMs: performance.now() - startMs });
    context.signal.throwIfAborted();
    return { exitCode: await running.exitCode(), durationMs: performance.now() - startMs };
  } finally {
    context.signal.removeEventListener("abort", kill);
  }
}

/** The same image, CA and readiness handling as for declared services; a build never shares another's. */
async function startService(
  name: string,
  rawSpec: ServiceSpec,
  deps: MethodDeps,
  signal: AbortSignal,
): Promise<{ name: string; ip: string }> {
  const { docker, registry, lifecycle, ingress } = deps;
  const checked = serviceNameSchema.safeParse(name);
  const spec = serviceSpecSchema.safeParse(rawSpec);
  if (!checked.success || !spec.success) {
    const issue = checked.error?.issues[0] ?? spec.error?.issues[0];
    throw new SpectestError("PROJECT_INVALID", {
      what: `startService(${name}): ${issue?.path.join(".") ?? ""} ${issue?.message ?? "invalid"}`,
    });
  }
  if (registry.has(name) && !registry.get(name).runtime) {
    throw new SpectestError("PROJECT_INVALID", { what: `startService(${name}): the environment declares a service of that name` });
  }
  const { gateway } = await docker.network();
  const images = createImageStore({
    docker,
    build: deps.build,
    buildQueue: deps.buildQueue,
    contextDir: deps.layout.workspaceDir,
    excludes: [spec.data.image.type === "dockerfile" ? spec.data.image.exclude : undefined],
  });
  const { reference } = await images.prepare({
    service: name,
    image: spec.data.image,
    signal,
    onState: () => {},
    onWarning: () => {},
  });
  const entry = registry.declare(name, spec.data, true);
  entry.state = "starting";
  try {
    for (const route of serviceRoutes(name, spec.data.tls ?? [])) await ingress.addRoute(route);
    deps.names.setIngress(gateway, ingress.hostnames());
    const { ip } = await lifecycle.run(entry, reference, gateway);
    entry.state = "probing";
    await lifecycle.ready(entry, () => {}, signal);
    entry.state = "ready";
    return { name, ip };
  } catch (error) {
    const logTail = await lifecycle.logTail(name);
    await lifecycle.stop(name).catch(() => {});
    const what = error instanceof Error ? error.message : String(error);
    const tail = logTail.length === 0 ? "" : `\nlast log lines of ${name}:\n${logTail.join("\n")}`;
    throw new SpectestError("SERVICE_FAILED", { what: `${what}${tail}`, cause: error });
  }
}
