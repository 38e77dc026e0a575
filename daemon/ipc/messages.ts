/**
 * The contract between the daemon and the project host, spoken over the child's IPC channel
 * (structured clones, so bytes, Maps and undefined survive).
 *
 * Both sides call the other's methods. A call may stream items to its caller before it replies, and its caller
 * may push items to it while it runs. `peer.ts` is the one implementation, used by both ends.
 */
import type {
  EvalReply,
  ParsedEnvironment,
  RecordedEvent,
  ServiceSpec,
  TerminalSession,
  TestCase,
  TestOutcome,
  WireError,
} from "../../src/protocol/index.ts";

/** `[call parameters, reply, item streamed to the caller, item pushed by the caller]` */
export interface Method {
  params: unknown;
  result: unknown;
  /** Streamed by the callee to the caller before the reply. */
  item: unknown;
  /** Pushed by the caller to the callee while the call runs. */
  input: unknown;
}

/** How the daemon starts the project host: environment variables of the child process. */
export const HOST_ENVIRONMENT = {
  /** Unix socket on which the project host serves the fakes, HTTP/1.1. It listens when an environment with fakes is loaded. */
  fakesSocket: "SPECTEST_FAKES_SOCKET",
  /** Directory for what must outlive an evaluation: scratch files, installed packages. */
  stateDir: "SPECTEST_STATE_DIR",
} as const;

/**
 * Headers the daemon adds when it passes an ingress request to the fakes' socket. `host` is the one the client sent;
 * the URL a handler sees is `${x-forwarded-proto}://${host}${path}`.
 */
export const FAKE_HEADERS = { fake: "x-spectest-fake", proto: "x-forwarded-proto" } as const;

/** A line the author's code printed while a hook ran. */
export interface HostLog {
  type: "log";
  level: "debug" | "info" | "log" | "warn" | "error";
  text: string;
}

/** What a running test streams. `event` again with the same seq replaces the earlier one. */
export type RunItem =
  | { type: "event"; event: RecordedEvent }
  | { type: "terminal-opened"; session: TerminalSession }
  | { type: "terminal-output"; id: string; atSeconds: number; data: string }
  /** What the test is doing now, e.g. `exec api: node migrate.js`; named in the message when its time limit expires. */
  | { type: "phase"; phase: string };

/** Answered by the project host. */
export interface HostMethods {
  /**
   * Replaces whatever was loaded. `caPem` must be trusted by the author's TLS clients from now on.
   * Fails with PROJECT_INVALID, PROJECT_SYNTAX or PROJECT_NOT_FOUND.
   */
  loadEnvironment: {
    params: { dir: string; entry: string; caPem: string; caPath: string };
    result: ParsedEnvironment;
    item: HostLog;
    input: never;
  };
  /** May be called again with other entries: the cases of the earlier call are forgotten, the environment stays. */
  loadTests: { params: { dir: string; entries: string[] }; result: { tests: TestCase[] }; item: HostLog; input: never };
  unload: { params: Record<string, never>; result: undefined; item: never; input: never };
  /** Builds the helpers of a service (once) and runs its `setup` if it has one. */
  serviceSetup: { params: { name: string }; result: undefined; item: HostLog; input: never };
  projectSetup: { params: Record<string, never>; result: undefined; item: HostLog; input: never };
  /**
   * One at a time. The host enforces `timeoutMs` itself (abort, message with the phase); the daemon kills it
   * only when it does not answer within the grace after it. `serviceLogs` stays empty: the daemon fills it.
   */
  runTest: { params: { id: string; attempt: number; timeoutMs: number }; result: TestOutcome; item: RunItem; input: never };
  /** `file` is an ES module on disk (with an inline source map); `secrets` are gone when the call ends. */
  evaluate: {
    params: { file: string; timeoutMs: number; secrets?: Record<string, string> };
    result: EvalReply;
    item: RunItem | HostLog;
    input: never;
  };
  /** After every fork, before anything else: new ids, new randomness, no cached addresses. */
  renew: { params: { forkId: string; entropyHex: string; wallClockMs: number }; result: undefined; item: never; input: never };
  /** Ends the running test or evaluation through its context's signal. */
  cancel: { params: { reason: string }; result: undefined; item: never; input: never };
  /** Answers at once unless the event loop is blocked. */
  ping: { params: Record<string, never>; result: undefined; item: never; input: never };
}

/** Output of a process in a container. `atMs` counts from the process's start, by the daemon's clock. */
export interface OutputItem {
  stream: "stdout" | "stderr";
  data: Uint8Array;
  atMs: number;
}

export type TerminalInput = { type: "input"; data: Uint8Array } | { type: "resize"; cols: number; rows: number } | { type: "close" };

/** Where a name registered at run time leads. */
export type NameTarget = { service: string } | { ingress: true };

/** Answered by the daemon. Errors are WireErrors with DAEMON_NOT_FOUND, SERVICE_FAILED, SERVICE_NOT_READY or INTERNAL. */
export interface DaemonMethods {
  /** A string runs through `sh -c`. The streams end before the reply. Cancelling the call kills the process. */
  exec: {
    params: { service: string; command: string | string[]; env?: Record<string, string>; workdir?: string; stdin?: Uint8Array };
    result: { exitCode: number; durationMs: number };
    item: OutputItem;
    input: never;
  };
  /** A process under a PTY; without `command` a login shell. All output is `stdout`. Replies when the process ended. */
  terminal: {
    params: { service: string; command?: string | string[]; cols: number; rows: number; env?: Record<string, string> };
    result: { exitCode: number; durationMs: number };
    item: OutputItem;
    input: TerminalInput;
  };
  /** A container of this fork only; replies when it is ready. */
  startService: { params: { name: string; spec: ServiceSpec }; result: { name: string; ip: string }; item: never; input: never };
  stopService: { params: { name: string }; result: undefined; item: never; input: never };
  /** Live at once, in this fork only; `*.example.test` is a pattern. */
  dnsName: { params: { hostname: string; target: NameTarget }; result: undefined; item: never; input: never };
  serviceAddress: { params: { service: string }; result: { ip: string; ports: number[] }; item: never; input: never };
  /** The last lines of a service's log, oldest first. */
  serviceLog: { params: { service: string; tail?: number }; result: { stdout: string; stderr: string }; item: never; input: never };
}

/** What travels. Ids are the caller's own, counted from 1. */
export type IpcMessage =
  | { kind: "call"; id: number; method: string; params: unknown }
  | { kind: "reply"; id: number; ok: true; result: unknown }
  | { kind: "reply"; id: number; ok: false; error: WireError }
  | { kind: "item"; id: number; item: unknown }
  | { kind: "input"; id: number; input: unknown }
  | { kind: "cancel"; id: number; reason: string }
  /** First message of the project host: its code is loaded and it answers calls. */
  | { kind: "ready" };
