/** What the routes do. Thin: each one checks its state, asks the part that owns the work, and answers. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SpectestError } from "../../src/errors/index.ts";
import { PROTOCOL_VERSION, type RunTestLine, type TestCase, type TestOutcome } from "../../src/protocol/index.ts";
import { bringUp } from "../bring-up/bringUp.ts";
import { runTest } from "../host-process/runTest.ts";
import { checkIdentity, renewAll } from "../onResume.ts";
import { collectLogs } from "../services/logs.ts";
import { toStatus } from "../services/registry.ts";
import { drain, isDirectory, replaceByTar } from "../uploads.ts";
import type { LoadedEnvironment, World } from "../world.ts";
import { processHandlers } from "./processes.ts";
import type { RouteHandlers } from "./server.ts";

const EVAL_TIMEOUT_MS = 60_000;

export function createHandlers(world: World): RouteHandlers {
  return { ...sessionHandlers(world), ...projectHandlers(world), ...testHandlers(world), ...processHandlers(world.docker, world.registry) };
}

function sessionHandlers(world: World): Pick<RouteHandlers, "hello" | "services"> {
  return {
    hello: async (hello) => {
      if (hello.protocol !== PROTOCOL_VERSION) {
        throw new SpectestError("DAEMON_BAD_REQUEST", {
          what: `the daemon speaks protocol ${PROTOCOL_VERSION}, the host ${hello.protocol}`,
          hint: "rebuild the base template: spectest setup",
        });
      }
      await checkIdentity(world.identityFile, hello);
      await world.warm;
      await renewAll(world.renewals(), hello);
      const { loaded } = world;
      return {
        protocol: PROTOCOL_VERSION,
        daemonDigest: world.digest,
        forkId: hello.forkId,
        ready: loaded.ready,
        ...(loaded.environment === undefined ? {} : { environmentHash: loaded.environment.hash }),
        ...(loaded.tests === undefined ? {} : { testsHash: loaded.tests.hash }),
      };
    },
    services: () => ({ services: world.registry.all().map(toStatus) }),
  };
}

type ProjectRoutes = "uploadBundle" | "uploadWorkspace" | "loadEnvironment" | "environment" | "unload" | "bootstrap";

function projectHandlers(world: World): Pick<RouteHandlers, ProjectRoutes> {
  const { layout, loaded, exclusive } = world;
  return {
    uploadBundle: async (_nothing, { params, body }) => {
      const hash = params["hash"] ?? "";
      if (!/^[0-9a-f]{8,64}$/.test(hash)) throw new SpectestError("DAEMON_BAD_REQUEST", { what: `not a bundle's hash: ${hash}` });
      // A bundle is named by its content: one that is here is the same.
      if (await isDirectory(layout.bundleDir(hash))) await drain(body);
      else await replaceByTar(body, layout.bundleDir(hash));
      return {};
    },
    uploadWorkspace: async (_nothing, { body }) => {
      await exclusive.run("the upload of the workspace", () => replaceByTar(body, layout.workspaceDir));
      return {};
    },
    loadEnvironment: ({ hash, entry }) =>
      exclusive.run("loading the environment", async () => {
        if (loaded.ready) throw new SpectestError("DAEMON_CONFLICT", { what: "an environment is up; unload it first" });
        const dir = await bundleOf(world, hash);
        const { certPem } = await world.authority();
        loaded.environment = undefined;
        loaded.tests = undefined;
        loaded.ready = false;
        const parsed = await world.host().call("loadEnvironment", { dir, entry, caPem: certPem, caPath: layout.caFile });
        loaded.environment = { hash, parsed };
        return parsed;
      }),
    environment: () => environmentOf(world).parsed,
    unload: () =>
      exclusive.run("unloading", async () => {
        for (const { name } of world.registry.all()) await world.lifecycle.stop(name);
        world.registry.clear();
        loaded.environment = undefined;
        loaded.tests = undefined;
        loaded.ready = false;
        await world.host().call("unload", {});
        return {};
      }),
    bootstrap: async ({ registryMirror }, { send, signal }) => {
      const last = await exclusive.run("a bring-up", async () => {
        const { parsed } = environmentOf(world);
        if (loaded.ready) throw new SpectestError("DAEMON_CONFLICT", { what: "the environment is up already" });
        const lines = createLineQueue(send);
        if (registryMirror !== undefined) await world.useMirror(registryMirror);
        const line = await bringUp(parsed, await world.bringUpDeps(), lines.send, signal);
        loaded.ready = line.type === "done";
        await lines.flush();
        return line;
      });
      // Whoever reads it may ask for the next work at once.
      await send(last);
    },
  };
}

function testHandlers(world: World): Pick<RouteHandlers, "loadTests" | "tests" | "runTest" | "evaluate"> {
  const { loaded, exclusive } = world;
  return {
    loadTests: ({ hash, entries }) =>
      exclusive.run("loading the tests", async () => {
        environmentOf(world);
        const dir = await bundleOf(world, hash);
        loaded.tests = undefined;
        const reply = await world.host().call("loadTests", { dir, entries });
        loaded.tests = { hash, cases: reply.tests };
        return reply;
      }),
    tests: () => ({ tests: testsOf(world) }),
    runTest: async ({ id, attempt, timeoutMs }, { send, signal }) => {
      const test = testsOf(world).find((candidate) => candidate.id === id);
      if (!test) throw new SpectestError("DAEMON_NOT_FOUND", { what: `no test ${id} is loaded`, value: id });
      const outcome = await exclusive.run(`the test ${id}`, async () => {
        const lines = createLineQueue<RunTestLine>(send);
        const result = await runTest({
          host: world.host(),
          id,
          attempt,
          timeoutMs: timeoutMs ?? test.timeoutMs,
          ...(world.graceMs === undefined ? {} : { graceMs: world.graceMs }),
          signal,
          onLine: lines.send,
        });
        await lines.flush();
        return await withLogs(result, world);
      });
      // Whoever reads it may ask for the next test at once.
      await send({ type: "outcome", outcome });
    },
    evaluate: ({ code, timeoutMs }) =>
      exclusive.run("an evaluation", async () => {
        const file = join(world.layout.evalDir, `${world.ids.next()}.mjs`);
        await mkdir(world.layout.evalDir, { recursive: true });
        await writeFile(file, code);
        try {
          return await world.host().call("evaluate", { file, timeoutMs: timeoutMs ?? EVAL_TIMEOUT_MS });
        } finally {
          await rm(file, { force: true });
        }
      }),
  };
}

async function withLogs(outcome: TestOutcome, world: World): Promise<TestOutcome> {
  if (outcome.status === "passed") return outcome;
  const running = world.registry.all().filter(({ container }) => container !== undefined);
  const serviceLogs = await collectLogs(
    world.docker,
    running.map(({ name }) => name),
  );
  return { ...outcome, serviceLogs };
}

function environmentOf(world: World): LoadedEnvironment {
  const { environment } = world.loaded;
  if (!environment) throw new SpectestError("DAEMON_NOT_FOUND", { what: "no environment is loaded" });
  return environment;
}

function testsOf(world: World): TestCase[] {
  const { tests } = world.loaded;
  if (!tests) throw new SpectestError("DAEMON_NOT_FOUND", { what: "no tests are loaded" });
  return tests.cases;
}

async function bundleOf(world: World, hash: string): Promise<string> {
  const dir = world.layout.bundleDir(hash);
  if (await isDirectory(dir)) return dir;
  throw new SpectestError("DAEMON_NOT_FOUND", { what: `the bundle ${hash} was not uploaded`, value: hash });
}

/** Lines go out in order; who sends them need not wait. */
function createLineQueue<L>(send: (line: L) => Promise<void>): { send(line: L): void; flush(): Promise<void> } {
  let last: Promise<void> = Promise.resolve();
  return {
    send: (line) => {
      last = last.then(() => send(line));
    },
    flush: () => last,
  };
}
