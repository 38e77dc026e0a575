/** What each step of the schedule does to a real service, and the lines that tell of it. */
import type { BootstrapLine, ParsedService, ServiceState, ServiceTiming, WireError } from "../../src/protocol/index.ts";
import { createImageStore } from "../docker/images.ts";
import type { HostLog } from "../ipc/messages.ts";
import { buildLogOf } from "../services/lifecycle.ts";
import type { ServiceEntry } from "../services/registry.ts";
import type { BringUpDeps } from "./bringUp.ts";
import { serviceError, setupError } from "./errors.ts";
import { type BringUpSteps, runBringUp } from "./scheduler.ts";

export interface ServiceContext extends BringUpDeps {
  gateway: string;
  send(line: BootstrapLine): void;
  /** Since the bring-up began. */
  atMs(): number;
}

interface Item extends ParsedService {
  dependsOn: readonly string[];
  entry: ServiceEntry;
}

interface Reports {
  state(item: Item, state: ServiceState, more?: { detail?: string; error?: WireError; logTail?: string[] }): void;
  notice(level: "info" | "warning", message: string): void;
  /** Waits for the service's log. */
  failed(item: Item, error: unknown): void;
  allSent(): Promise<unknown>;
}

/** Timings, slowest first; throws BringUpError with the first failure, after everything else has ended. */
export async function bringUpServices(
  services: readonly ParsedService[],
  context: ServiceContext,
  signal: AbortSignal,
): Promise<ServiceTiming[]> {
  const items = services.map(
    (service): Item => ({
      ...service,
      dependsOn: service.spec.dependsOn ?? [],
      entry: context.registry.declare(service.name, service.spec, false),
    }),
  );
  const reports = createReports(context);
  for (const item of items) reports.state(item, "pending");
  try {
    return await runBringUp(items, createSteps(items, context, reports), signal);
  } finally {
    await reports.allSent();
  }
}

function createReports({ send, atMs, lifecycle }: ServiceContext): Reports {
  const pending: Promise<void>[] = [];
  const state: Reports["state"] = (item, next, more = {}) => {
    item.entry.state = next;
    send({ type: "service", service: item.name, state: next, atMs: atMs(), ...more });
  };
  return {
    state,
    notice: (level, message) => send({ type: "notice", level, message, atMs: atMs() }),
    failed: (item, error) => {
      item.entry.state = "failed";
      const buildLog = buildLogOf(error);
      const tail = buildLog === undefined ? lifecycle.logTail(item.name) : Promise.resolve(buildLog);
      pending.push(
        tail.then((logTail) => state(item, "failed", { error: serviceError(error), ...(logTail.length === 0 ? {} : { logTail }) })),
      );
    },
    allSent: () => Promise.all(pending),
  };
}

function createSteps(items: readonly Item[], context: ServiceContext, reports: Reports): BringUpSteps<Item> {
  const { docker, lifecycle, host, gateway } = context;
  const images = createImageStore({
    docker,
    build: context.build,
    buildQueue: context.buildQueue,
    contextDir: context.layout.workspaceDir,
    excludes: items.map(({ spec }) => (spec.image.type === "dockerfile" ? spec.image.exclude : undefined)),
  });
  const references = new Map<string, string>();
  return {
    nowMs: () => performance.now(),
    prepare: async (item, stop) => {
      const prepared = await images.prepare({
        service: item.name,
        image: item.spec.image,
        signal: stop,
        onState: (state, detail) => reports.state(item, state, detail === undefined ? {} : { detail }),
        onWarning: (message) => reports.notice("warning", message),
      });
      references.set(item.name, prepared.reference);
      reports.state(item, "prepared");
      return prepared;
    },
    run: async (item) => {
      reports.state(item, "starting");
      await lifecycle.run(item.entry, references.get(item.name) ?? "", gateway);
    },
    ready: async (item, stop) => {
      if (item.spec.readyCheck) reports.state(item, "probing");
      await lifecycle.ready(item.entry, (detail) => reports.state(item, "probing", { detail }), stop);
    },
    setup: async (item) => {
      if (!item.hasSetup && !item.hasHelpers) return;
      reports.state(item, "probing", { detail: "set-up" });
      const onItem = ({ level, text }: HostLog): void =>
        reports.notice(level === "warn" || level === "error" ? "warning" : "info", `${item.name}: ${text}`);
      await host.call("serviceSetup", { name: item.name }, { onItem }).catch((error: unknown) => {
        throw setupError(`the set-up of service ${item.name} failed`, error);
      });
    },
    onReady: (item) => reports.state(item, "ready"),
    onFailed: reports.failed,
    onCancelled: (item, because) =>
      reports.state(item, because ? "failed" : "cancelled", {
        detail: because ? `needs ${because.failed}, which failed` : "another service failed",
      }),
  };
}
