import { rm } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { messageOf } from "../../src/errors/index.ts";
import type { EvalReply } from "../../src/protocol/index.ts";
import { assert, expect, expectRaw } from "../../src/sdk/expect.ts";
import type { DaemonMethods, HostMethods, RunItem } from "../ipc/messages.ts";
import type { Peer } from "../ipc/peer.ts";
import { sourceRoots } from "../project/failure.ts";
import type { LoadedProject } from "../project/loaded-project.ts";
import type { ContextParts } from "../runner/context.ts";
import type { RunSlot } from "../runner/run.ts";
import { runWork } from "../runner/work.ts";

export interface EvaluateRequest {
  params: HostMethods["evaluate"]["params"];
  project: LoadedProject | undefined;
  idPrefix: string;
  daemon: Peer<DaemonMethods>;
  signal: AbortSignal;
  /** Persists between evaluations. */
  state: Record<string, unknown>;
  emit(item: RunItem): void;
}

/** Imports a module whose default export is the result. Works without a project, then without svc and fakes. */
export async function evaluate(slot: RunSlot, request: EvaluateRequest): Promise<EvalReply> {
  const { file, timeoutMs, secrets = {} } = request.params;
  const undoSecrets = withEnvironment(secrets);
  try {
    const result = await runWork(slot, {
      what: "the evaluation",
      timeoutMs,
      idPrefix: request.idPrefix,
      roots: request.project?.roots ?? sourceRoots([]),
      daemon: request.daemon,
      signal: request.signal,
      emit: request.emit,
      parts: async () => await contextParts(request.project),
      body: async (ctx) => {
        const undoGlobals = withGlobals({ ctx, expect, expectRaw, assert, state: request.state });
        try {
          const module: Record<string, unknown> = await import(pathToFileURL(file).href);
          return module["default"];
        } finally {
          undoGlobals();
        }
      },
    });
    const printed = result.events.flatMap((event) => (event.kind === "log" ? [{ level: event.level, text: event.text }] : []));
    if (result.error) return { console: printed, error: result.error };
    return { console: printed, ...resultJson(result.value) };
  } finally {
    undoSecrets();
    await rm(file, { force: true });
  }
}

async function contextParts(project: LoadedProject | undefined): Promise<ContextParts> {
  return {
    svc: project ? await project.svc() : {},
    fakeHelpers: project ? project.fakes.helpers() : new Map<string, object>(),
    parent: undefined,
    testName: "eval",
  };
}

function resultJson(value: unknown): Pick<EvalReply, "resultJson" | "error"> {
  if (value === undefined) return {};
  try {
    const json = JSON.stringify(value);
    return json === undefined ? {} : { resultJson: json };
  } catch (error) {
    return { error: { name: "TypeError", message: `the default export cannot be written as JSON: ${messageOf(error)}` } };
  }
}

function withGlobals(values: Record<string, unknown>): () => void {
  const before = Object.keys(values).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else Reflect.deleteProperty(globalThis, name);
    }
  };
}

function withEnvironment(secrets: Record<string, string>): () => void {
  const before = Object.keys(secrets).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, secrets);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}
