/** What set-up, fakes and tests are given. */
import { SpectestError } from "../../src/errors/index.ts";
import type { NameContext, RuntimeService, SetupContext, TestContext } from "../../src/sdk/context.ts";
import type { DaemonMethods } from "../ipc/messages.ts";
import type { Peer } from "../ipc/peer.ts";
import { shortList, shortText } from "../recorder/text.ts";
import { recordExec } from "./exec.ts";
import { recordFetch } from "./fetch.ts";
import { recordPoll } from "./poll.ts";
import { orAbort, type Recording } from "./recording.ts";
import { recordTerminals } from "./terminal.ts";

/** Names and services, not recorded: for fakes. */
export function nameContext(daemon: Peer<DaemonMethods>): NameContext {
  return {
    dnsName: async (hostname, target) => await daemon.call("dnsName", { hostname, target }),
    startService: async ({ name, ...spec }) => await daemon.call("startService", { name, spec }),
    stopService: async (name) => await daemon.call("stopService", { name }),
  };
}

function recordNames({ recorder, daemon, signal, failure }: Recording): NameContext {
  const names = nameContext(daemon);
  const recorded = async <T>(detail: string, work: () => Promise<T>): Promise<T> => {
    const event = recorder.begin<"env">({ kind: "env", detail });
    try {
      const result = await orAbort(work(), signal);
      event.end();
      return result;
    } catch (error) {
      event.end(undefined, failure(error));
      throw error;
    }
  };
  return {
    dnsName: async (hostname, target) => {
      const where = "service" in target ? target.service : "ingress";
      await recorded(`name ${hostname} → ${where}`, async () => await names.dnsName(hostname, target));
    },
    startService: async (service: RuntimeService) =>
      await recorded(`start service ${service.name}`, async () => await names.startService(service)),
    stopService: async (name) => await recorded(`stop service ${name}`, async () => await names.stopService(name)),
  };
}

/** Members of a fake's helpers, each call recorded. */
function recordFake(fake: string, helpers: object, { recorder, origins, failure }: Recording): object {
  const recorded: Record<string, unknown> = {};
  for (const member of Object.keys(helpers)) {
    const value: unknown = Reflect.get(helpers, member);
    if (typeof value !== "function") {
      Object.defineProperty(recorded, member, { get: () => Reflect.get(helpers, member) as unknown, enumerable: true });
      continue;
    }
    const call = (...args: unknown[]): unknown => {
      const event = recorder.begin<"fake">({ kind: "fake", fake, member, args: shortList(args) });
      const from = { seq: event.seq, path: "" };
      const done = <T>(result: T): T => {
        origins.remember(result, from);
        event.end({ result: shortText(result) });
        return result;
      };
      const failed = (error: unknown): never => {
        event.end(undefined, failure(error));
        throw error;
      };
      try {
        const result: unknown = event.within(() => Reflect.apply(value, helpers, args) as unknown);
        if (result instanceof Promise) return result.then(done, failed);
        origins.read(result, from, call);
        return done(result);
      } catch (error) {
        return failed(error);
      }
    };
    recorded[member] = call;
  }
  return recorded;
}

export interface ContextParts {
  svc: Record<string, unknown>;
  /** What each fake's helpers factory returned. */
  fakeHelpers: ReadonlyMap<string, object>;
  parent: unknown;
  testName: string;
}

export interface BuiltContext {
  ctx: TestContext<unknown, unknown, unknown>;
  /** Ends what the test left running and waits shortly for recordings to be complete. */
  close(): Promise<void>;
}

const SETTLE_GRACE_MS = 200;

export function buildContext(recording: Recording, parts: ContextParts): BuiltContext {
  const { recorder, signal, failure } = recording;
  const { fetch, settle } = recordFetch(recording);
  const terminals = recordTerminals(recording);
  const fakes: Record<string, object> = {};
  for (const [name, helpers] of parts.fakeHelpers) fakes[name] = recordFake(name, helpers, recording);
  const ctx: TestContext<unknown, unknown, unknown> = {
    ...recordNames(recording),
    fetch,
    exec: recordExec(recording),
    terminal: terminals.terminal,
    openTerminal: terminals.openTerminal,
    browser: noBrowser,
    poll: recordPoll(recording),
    step: async (title, fn) => {
      const event = recorder.begin<"step">({ kind: "step", title });
      try {
        const result = await event.within(async () => await fn());
        event.end();
        return result;
      } catch (error) {
        event.end(undefined, failure(error));
        throw error;
      }
    },
    svc: parts.svc,
    fakes,
    signal,
    parent: parts.parent,
    testName: parts.testName,
  };
  const close = async (): Promise<void> => {
    await Promise.race([terminals.closeAll(), new Promise((resolve) => setTimeout(resolve, SETTLE_GRACE_MS).unref())]);
    await settle(SETTLE_GRACE_MS);
  };
  return { ctx, close };
}

/** The part of a test's context that set-up hooks get. */
export function setupPart({
  fetch,
  exec,
  svc,
  fakes,
  signal,
  dnsName,
  startService,
  stopService,
}: BuiltContext["ctx"]): SetupContext<unknown, unknown> {
  return { fetch, exec, svc, fakes, signal, dnsName, startService, stopService };
}

// oxlint-disable-next-line typescript/require-await -- rejects like every other member of the context
async function noBrowser(): Promise<never> {
  throw new SpectestError("HOST_MISSING", {
    what: "ctx.browser needs a Chromium in the guest image, and this one has none",
    hint: "build an image with a browser: spectest image build --browser",
  });
}
