/**
 * The HTTP/2 API of the daemon: method, path, and the schemas of request and answer. Server, client and
 * documentation all derive from this table. `stream` answers are NDJSON; `raw` bodies are bytes.
 */
import { z } from "zod";
import { bootstrapLineSchema, serviceStatusSchema } from "./bring-up.ts";
import { parsedEnvironmentSchema, testCaseSchema } from "./environment.ts";
import { recordedEventSchema, terminalSessionSchema, testOutcomeSchema, wireErrorSchema } from "./recording.ts";

export const PROTOCOL_VERSION = 1;

const hash = z.string().regex(/^[0-9a-f]{8,64}$/, "a lower-case hexadecimal digest");

export const helloRequestSchema = z.strictObject({
  protocol: z.number().int(),
  forkId: z.string().min(1),
  /** Host wall clock, for the daemon's own bookkeeping: the kernel's clock was set by the engine before. */
  wallClockMs: z.number(),
  entropyHex: z.string().min(32),
});
export const helloReplySchema = z.strictObject({
  protocol: z.number().int(),
  daemonDigest: z.string(),
  forkId: z.string(),
  /** Hash of the loaded environment bundle, when one is. */
  environmentHash: z.string().optional(),
  testsHash: z.string().optional(),
  /** Services were brought up and the project's set-up ran. */
  ready: z.boolean(),
});
export type HelloRequest = z.infer<typeof helloRequestSchema>;
export type HelloReply = z.infer<typeof helloReplySchema>;

export const loadEnvironmentRequestSchema = z.strictObject({
  /** Names a bundle uploaded before. */
  hash,
  /** Path inside the bundle, e.g. "spectest/index.mjs". */
  entry: z.string(),
});
export const loadTestsRequestSchema = z.strictObject({ hash, entries: z.array(z.string()) });
export const loadTestsReplySchema = z.strictObject({ tests: z.array(testCaseSchema) });

export const bootstrapRequestSchema = z.strictObject({
  /** A registry mirror for pulls, e.g. "http://10.0.2.2:5000". */
  registryMirror: z.string().optional(),
});

export const runTestRequestSchema = z.strictObject({
  id: z.string().min(1),
  attempt: z.number().int().positive(),
  timeoutMs: z.number().positive().optional(),
});
/** Lines of the run stream: events as they start and end (same seq again replaces), terminal output, then one outcome. */
export const runTestLineSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("event"), event: recordedEventSchema }),
  z.strictObject({ type: z.literal("terminal-opened"), session: terminalSessionSchema }),
  z.strictObject({ type: z.literal("terminal-output"), id: z.string(), atSeconds: z.number(), data: z.string() }),
  z.strictObject({ type: z.literal("outcome"), outcome: testOutcomeSchema }),
]);
export type RunTestLine = z.infer<typeof runTestLineSchema>;

export const execRequestSchema = z.strictObject({ service: z.string(), argv: z.array(z.string()).min(1), stdin: z.string().optional() });
/** Lines of the exec stream: output (base64, so bytes survive), then one exit. */
export const execLineSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("output"), stream: z.enum(["stdout", "stderr"]), dataBase64: z.string() }),
  z.strictObject({ type: z.literal("exit"), exitCode: z.number().int() }),
]);
export type ExecLine = z.infer<typeof execLineSchema>;

/** A terminal is a two-way NDJSON stream on one request: input lines go in, output lines come back. */
export const terminalRequestSchema = z.strictObject({
  service: z.string(),
  argv: z.array(z.string()).min(1).optional(),
  cols: z.number().int().positive(),
  rows: z.number().int().positive(),
});
export const terminalInputLineSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("open"), request: terminalRequestSchema }),
  z.strictObject({ type: z.literal("input"), dataBase64: z.string() }),
  z.strictObject({ type: z.literal("resize"), cols: z.number().int().positive(), rows: z.number().int().positive() }),
]);
export type TerminalInputLine = z.infer<typeof terminalInputLineSchema>;

export const logsRequestSchema = z.strictObject({ service: z.string(), tail: z.number().int().positive().optional(), follow: z.boolean() });
export const logLineSchema = z.strictObject({ stream: z.enum(["stdout", "stderr"]), text: z.string(), at: z.string().optional() });
export type LogLine = z.infer<typeof logLineSchema>;

export const evalRequestSchema = z.strictObject({
  /** A bundled ES module; its default export is the result. */
  code: z.string(),
  timeoutMs: z.number().positive().optional(),
});
export const evalReplySchema = z.strictObject({
  /** JSON text of the default export; absent when there is none. */
  resultJson: z.string().optional(),
  console: z.array(z.strictObject({ level: z.string(), text: z.string() })),
  error: wireErrorSchema.optional(),
});
export type EvalReply = z.infer<typeof evalReplySchema>;

const nothing = z.strictObject({});

/** The table. Keys are the client's method names. */
export const routes = {
  hello: { method: "POST", path: "/v1/hello", request: helloRequestSchema, reply: helloReplySchema, kind: "json" },
  uploadBundle: { method: "PUT", path: "/v1/bundles/:hash", request: "tar", reply: nothing, kind: "upload" },
  uploadWorkspace: { method: "PUT", path: "/v1/workspace", request: "tar", reply: nothing, kind: "upload" },
  loadEnvironment: {
    method: "POST",
    path: "/v1/environment",
    request: loadEnvironmentRequestSchema,
    reply: parsedEnvironmentSchema,
    kind: "json",
  },
  environment: { method: "GET", path: "/v1/environment", request: nothing, reply: parsedEnvironmentSchema, kind: "json" },
  unload: { method: "DELETE", path: "/v1/environment", request: nothing, reply: nothing, kind: "json" },
  bootstrap: { method: "POST", path: "/v1/bootstrap", request: bootstrapRequestSchema, reply: bootstrapLineSchema, kind: "stream" },
  loadTests: { method: "POST", path: "/v1/tests/load", request: loadTestsRequestSchema, reply: loadTestsReplySchema, kind: "json" },
  tests: { method: "GET", path: "/v1/tests", request: nothing, reply: loadTestsReplySchema, kind: "json" },
  runTest: { method: "POST", path: "/v1/tests/run", request: runTestRequestSchema, reply: runTestLineSchema, kind: "stream" },
  services: {
    method: "GET",
    path: "/v1/services",
    request: nothing,
    reply: z.strictObject({ services: z.array(serviceStatusSchema) }),
    kind: "json",
  },
  exec: { method: "POST", path: "/v1/exec", request: execRequestSchema, reply: execLineSchema, kind: "stream" },
  terminal: { method: "POST", path: "/v1/terminal", request: terminalInputLineSchema, reply: execLineSchema, kind: "duplex" },
  logs: { method: "POST", path: "/v1/logs", request: logsRequestSchema, reply: logLineSchema, kind: "stream" },
  evaluate: { method: "POST", path: "/v1/eval", request: evalRequestSchema, reply: evalReplySchema, kind: "json" },
} as const;
export type RouteName = keyof typeof routes;

/** Every error answer: HTTP status 400, 404, 409 or 500 with this body. */
export const errorReplySchema = z.strictObject({ error: wireErrorSchema });
