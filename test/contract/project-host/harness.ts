/** The real project host as a child process, built as for the guest, with a daemon's side that runs commands on this machine. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type BuildOptions } from "esbuild";
import { type DaemonMethods, HOST_ENVIRONMENT, type HostMethods, type OutputItem, type RunItem } from "../../../daemon/ipc/messages.ts";
import { createPeer, type Handlers, type Peer } from "../../../daemon/ipc/peer.ts";
import { bundleProject, findProject } from "../../../src/project/index.ts";
import type { ParsedEnvironment, TestCase, TestOutcome } from "../../../src/protocol/index.ts";

const repository = join(import.meta.dirname, "../../..");

/** The part of node-pty used here; its own declarations do not survive the package's alias. */
interface Pty {
  spawn(file: string, args: string[], options: { cols: number; rows: number; env: NodeJS.ProcessEnv }): PtyProcess;
}
interface PtyProcess {
  onData(listener: (data: string) => void): void;
  onExit(listener: (exit: { exitCode: number; signal?: number }) => void): void;
  write(data: string): void;
  resize(cols: number, rows: number): void;
  kill(signal: string): void;
}
const pty: Pty = createRequire(import.meta.url)("node-pty");

export interface HostFixture {
  dir: string;
  entry: string;
}

/** Builds the two entries as scripts/build.mjs does, and makes `spectest` resolvable beside the bundles. */
export async function buildHost(): Promise<HostFixture> {
  const dir = await mkdtemp(join(tmpdir(), "spectest-host-"));
  const guest = join(dir, "guest");
  const { groups }: { groups: { name: string; entries: Record<string, string>; options: BuildOptions }[] } = await import(
    pathToFileURL(join(repository, "scripts/build/groups.mjs")).href
  );
  const group = groups.find(({ name }) => name === "guest host");
  if (!group) throw new Error("scripts/build/groups.mjs has no group for the project host");
  await build({ ...group.options, absWorkingDir: repository, entryPoints: group.entries, outdir: guest, write: true, target: "node20" });
  await writeFile(join(guest, "package.json"), JSON.stringify({ name: "spectest", type: "module", exports: "./spectest.mjs" }));
  await mkdir(join(dir, "node_modules"));
  await symlink(guest, join(dir, "node_modules/spectest"));
  return { dir, entry: join(guest, "host.mjs") };
}

export interface ProjectFiles {
  [path: string]: string;
}

/** A started host with a project loaded. */
export interface Harness {
  peer: Peer<HostMethods>;
  environment: ParsedEnvironment;
  tests: TestCase[];
  socket: string;
  /** What the daemon's side was asked to do, besides exec and terminal. */
  asked: unknown[];
  /** Loads the same environment again. */
  reload(): Promise<void>;
  testsParams: { dir: string; entries: string[] };
  run(name: string, options?: { timeoutMs?: number; attempt?: number }): Promise<{ outcome: TestOutcome; items: RunItem[] }>;
  close(): Promise<void>;
}

export async function writeProject(dir: string, files: ProjectFiles): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
}

export async function startHost(fixture: HostFixture, files: ProjectFiles): Promise<Harness> {
  const projectDir = await mkdtemp(join(fixture.dir, "project-"));
  await writeProject(projectDir, files);
  const bundlesDir = join(fixture.dir, "bundles");
  const { env, tests } = await bundleProject(await findProject(projectDir), { bundlesDir });
  for (const bundle of [env, tests]) {
    for (const [path, bytes] of bundle.files) {
      const target = join(bundlesDir, bundle.hash, path);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, bytes);
    }
  }
  const socket = join(projectDir, "fakes.sock");
  const asked: unknown[] = [];
  const child = forkHost(fixture, socket);
  const peer = createPeer<HostMethods, DaemonMethods>((message) => void (child.connected && child.send(message)), localDaemon(asked));
  child.on("message", (message) => peer.receive(message));
  child.once("exit", (code, signal) => peer.close(new Error(`the host is gone: ${code ?? signal}`)));
  const close = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    if (child.exitCode === null && child.signalCode === null) {
      child.disconnect();
      await gone;
    }
    await rm(projectDir, { recursive: true, force: true });
  };
  try {
    const environmentParams = { dir: join(bundlesDir, env.hash), entry: env.entry, caPem: "", caPath: "/none" };
    const testsParams = { dir: join(bundlesDir, tests.hash), entries: [...tests.entries] };
    const environment = await peer.call("loadEnvironment", environmentParams);
    const loaded = await peer.call("loadTests", testsParams);
    const reload = async (): Promise<void> => void (await peer.call("loadEnvironment", environmentParams));
    return { peer, environment, tests: loaded.tests, socket, asked, close, reload, testsParams, run: runner(peer, loaded.tests) };
  } catch (error) {
    await close();
    throw error;
  }
}

function forkHost(fixture: HostFixture, socket: string): ChildProcess {
  return fork(fixture.entry, [], {
    // The guest's Node is newer than the host's; give its path to test with it.
    execPath: process.env["SPECTEST_TEST_GUEST_NODE"] ?? process.execPath,
    execArgv: ["--enable-source-maps"],
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: { PATH: process.env["PATH"], [HOST_ENVIRONMENT.fakesSocket]: socket, [HOST_ENVIRONMENT.stateDir]: fixture.dir },
  });
}

function runner(peer: Peer<HostMethods>, tests: readonly TestCase[]): Harness["run"] {
  return async (name, { timeoutMs, attempt = 1 } = {}) => {
    const test = tests.find((candidate) => candidate.name === name);
    if (!test) throw new Error(`the project has no test ${name}`);
    const items: RunItem[] = [];
    const outcome = await peer.call(
      "runTest",
      { id: test.id, attempt, timeoutMs: timeoutMs ?? test.timeoutMs },
      { onItem: (item) => items.push(item) },
    );
    return { outcome, items };
  };
}

/** Commands of services run right here; the rest is noted. */
function localDaemon(asked: unknown[]): Handlers<DaemonMethods> {
  return {
    exec: async ({ command, env, stdin }, { emit, signal }) => {
      const startMs = performance.now();
      const [file, ...args] = typeof command === "string" ? ["sh", "-c", command] : command;
      const child = spawn(file ?? "true", args, { env: { ...process.env, ...env }, signal, killSignal: "SIGKILL" });
      const forward = (stream: OutputItem["stream"]) => (data: Uint8Array) => emit({ stream, data, atMs: performance.now() - startMs });
      child.stdout.on("data", forward("stdout"));
      child.stderr.on("data", forward("stderr"));
      child.stdin.end(stdin);
      const exitCode = await new Promise<number>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (code) => resolve(code ?? 137));
      });
      return { exitCode, durationMs: performance.now() - startMs };
    },
    terminal: async ({ command, cols, rows, env }, { emit, onInput, signal }) => {
      const startMs = performance.now();
      const [file, ...args] = command === undefined ? ["sh"] : typeof command === "string" ? ["sh", "-c", command] : command;
      const child = pty.spawn(file ?? "sh", args, { cols, rows, env: { ...process.env, TERM: "xterm-256color", ...env } });
      child.onData((data) => emit({ stream: "stdout", data: Buffer.from(data), atMs: performance.now() - startMs }));
      signal.addEventListener("abort", () => child.kill("SIGKILL"));
      onInput((input) => {
        if (input.type === "input") child.write(Buffer.from(input.data).toString());
        else if (input.type === "resize") child.resize(input.cols, input.rows);
        else child.kill("SIGKILL");
      });
      const exitCode = await new Promise<number>((resolve) =>
        child.onExit((exit) => resolve(exit.signal ? 128 + exit.signal : exit.exitCode)),
      );
      return { exitCode, durationMs: performance.now() - startMs };
    },
    startService: (params) => {
      asked.push(["startService", params]);
      return { name: params.name, ip: "172.30.0.9" };
    },
    stopService: (params) => void asked.push(["stopService", params]),
    dnsName: (params) => void asked.push(["dnsName", params]),
    serviceAddress: () => ({ ip: "172.30.0.9", ports: [] }),
    serviceLog: () => ({ stdout: "", stderr: "" }),
  };
}
