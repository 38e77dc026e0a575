/** What a test leaves behind: ordered events, terminal sessions, and its result. */
import { z } from "zod";

export const sourceLocationSchema = z.strictObject({ file: z.string(), line: z.number().int(), column: z.number().int().optional() });
export type SourceLocation = z.infer<typeof sourceLocationSchema>;

export const wireErrorSchema = z.strictObject({
  name: z.string(),
  message: z.string(),
  /** Mapped to the user's sources. */
  stack: z.string().optional(),
  at: sourceLocationSchema.optional(),
  /** A catalogue code of src/errors when the failure has one. */
  code: z.string().optional(),
  hint: z.string().optional(),
  /** Rendered difference of expected and actual, without colours. */
  diff: z.string().optional(),
});
export type WireError = z.infer<typeof wireErrorSchema>;

/** Where an asserted value came from: the event (by sequence number) and the path inside its result, e.g. "status". */
export const provenanceSchema = z.strictObject({ seq: z.number().int(), path: z.string() });
export type Provenance = z.infer<typeof provenanceSchema>;

const base = {
  /** Unique within one test run of one fork; reserved when the work starts, so order is by start. */
  seq: z.number().int().nonnegative(),
  /** Unique across sibling forks. */
  id: z.string(),
  parentSeq: z.number().int().optional(),
  /** Milliseconds since the test's start. */
  startMs: z.number(),
  durationMs: z.number().optional(),
  error: wireErrorSchema.optional(),
};

const body = z.strictObject({ text: z.string(), truncated: z.boolean(), bytes: z.number().int() });

export const recordedEventSchema = z.discriminatedUnion("kind", [
  z.strictObject({ ...base, kind: z.literal("env"), detail: z.string() }),
  z.strictObject({
    ...base,
    kind: z.literal("exec"),
    service: z.string(),
    command: z.string(),
    exitCode: z.number().int().optional(),
    stdout: z.string().optional(),
    stderr: z.string().optional(),
    truncated: z.boolean().optional(),
    terminalId: z.string().optional(),
  }),
  z.strictObject({
    ...base,
    kind: z.literal("http"),
    method: z.string(),
    url: z.string(),
    status: z.number().int().optional(),
    requestBody: body.optional(),
    responseBody: body.optional(),
  }),
  z.strictObject({
    ...base,
    kind: z.literal("fake"),
    fake: z.string(),
    member: z.string(),
    args: z.string(),
    result: z.string().optional(),
  }),
  z.strictObject({
    ...base,
    kind: z.literal("terminal"),
    service: z.string(),
    command: z.string(),
    terminalId: z.string(),
    exitCode: z.number().int().optional(),
  }),
  z.strictObject({ ...base, kind: z.literal("terminal-step"), terminalId: z.string(), action: z.string(), screen: z.string() }),
  z.strictObject({ ...base, kind: z.literal("browser-step"), action: z.string(), detail: z.string().optional() }),
  z.strictObject({
    ...base,
    kind: z.literal("wait"),
    description: z.string(),
    attempts: z.number().int(),
    lastSeen: z.string().optional(),
  }),
  z.strictObject({ ...base, kind: z.literal("step"), title: z.string() }),
  z.strictObject({
    ...base,
    kind: z.literal("assertion"),
    matcher: z.string(),
    pass: z.boolean(),
    expected: z.string().optional(),
    actual: z.string().optional(),
    at: sourceLocationSchema.optional(),
    provenance: provenanceSchema.optional(),
  }),
  z.strictObject({ ...base, kind: z.literal("log"), level: z.enum(["debug", "info", "log", "warn", "error"]), text: z.string() }),
]);
export type RecordedEvent = z.infer<typeof recordedEventSchema>;
export type RecordedEventKind = RecordedEvent["kind"];

/** One terminal session; frames are [seconds since its start, output]. */
export const terminalSessionSchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  cols: z.number().int().positive(),
  rows: z.number().int().positive(),
  frames: z.array(z.tuple([z.number().nonnegative(), z.string()])),
});
export type TerminalSession = z.infer<typeof terminalSessionSchema>;

export const serviceLogSchema = z.strictObject({
  service: z.string(),
  stdout: z.string(),
  stderr: z.string(),
  truncated: z.boolean(),
  /** Why this log could not be read, when it could not. */
  error: z.string().optional(),
});
export type ServiceLog = z.infer<typeof serviceLogSchema>;

export const testOutcomeSchema = z.strictObject({
  id: z.string(),
  status: z.enum(["passed", "failed"]),
  durationMs: z.number(),
  error: wireErrorSchema.optional(),
  events: z.array(recordedEventSchema),
  terminals: z.array(terminalSessionSchema),
  /** On failure only. */
  serviceLogs: z.array(serviceLogSchema),
});
export type TestOutcome = z.infer<typeof testOutcomeSchema>;
