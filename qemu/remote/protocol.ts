/**
 * What a machine's holder and other processes of its user say to each other: one JSON value a line, over a socket in the
 * machine's own directory. Requests carry an id, answers repeat it; an answer to what could not be read carries null.
 */
import { z } from "zod";
import { catalogue, type ErrorCode, isSpectestError, messageOf, SpectestError } from "../../src/errors/index.ts";
import type { CaptureResult, SnapshotInfo, VmInfo } from "../types.ts";

/** A request over this is garbage: the largest carries one command's standard input. */
export const MAX_REQUEST_BYTES = 1024 * 1024;
/** An answer carries at most one command's output, which the guest's agent bounds. */
export const MAX_REPLY_BYTES = 64 * 1024 * 1024;

const id = z.int().nonnegative();

const captureRequest = z.strictObject({
  id,
  op: z.literal("capture"),
  /** Default: a key nobody else has. */
  key: z.string().min(1).max(1000).optional(),
  name: z.string().min(1).max(200).optional(),
  /** Default: the machine runs on. */
  then: z.enum(["continue", "stop"]).optional(),
});
const execRequest = z.strictObject({
  id,
  op: z.literal("exec"),
  argv: z.array(z.string()).min(1),
  stdin: z.string().optional(),
  timeoutMs: z.int().positive().max(2_000_000_000).optional(),
});

export const requestSchema = z.discriminatedUnion("op", [
  captureRequest,
  execRequest,
  z.strictObject({ id, op: z.literal("pause") }),
  z.strictObject({ id, op: z.literal("resume") }),
  z.strictObject({ id, op: z.literal("stop"), mode: z.enum(["shutdown", "kill"]) }),
  z.strictObject({ id, op: z.literal("info") }),
]);
export type RemoteRequest = z.infer<typeof requestSchema>;
export type RemoteOp = RemoteRequest["op"];

/** The request without its id, which the client adds. */
export type RemoteCall = RemoteRequest extends infer Each ? (Each extends RemoteRequest ? Omit<Each, "id"> : never) : never;

const wireErrorSchema = z.object({
  code: z.string(),
  what: z.string(),
  hint: z.string().optional(),
  log: z.string().optional(),
});
type WireError = z.infer<typeof wireErrorSchema>;

export const replySchema = z.union([
  z.object({ id, ok: z.literal(true), result: z.unknown() }),
  z.object({ id: id.nullable(), ok: z.literal(false), error: wireErrorSchema }),
]);
export type RemoteReply = z.infer<typeof replySchema>;

const has = <T>(name: string, fields: z.ZodType): z.ZodType<T> =>
  z.custom<T>((value) => fields.safeParse(value).success, { error: `not ${name}` });

const infoSchema = has<VmInfo>("a machine", z.object({ id: z.string(), state: z.string(), startedAt: z.string() }));
const snapshotSchema = has<SnapshotInfo>("a snapshot", z.object({ id: z.string(), key: z.string(), sizeBytes: z.number() }));

/** What each operation answers with. Fields the client's version does not know pass through. */
export const resultSchemas = {
  capture: has<CaptureResult>("a capture", z.object({ snapshot: snapshotSchema, pauseMs: z.number(), timings: z.object({}) })),
  exec: z.object({ exitCode: z.number(), stdout: z.string(), stderr: z.string() }),
  pause: z.null(),
  resume: z.null(),
  stop: z.null(),
  info: infoSchema,
} as const satisfies Record<RemoteOp, z.ZodType>;

export function toWire(error: unknown): WireError {
  if (!isSpectestError(error)) return { code: "INTERNAL", what: messageOf(error) };
  const { code, message, hint, log } = error;
  return { code, what: message, ...(hint === undefined ? {} : { hint }), ...(log === undefined ? {} : { log }) };
}

export function fromWire({ code, what, hint, log }: WireError): SpectestError {
  return new SpectestError(isErrorCode(code) ? code : "INTERNAL", {
    what,
    ...(hint === undefined ? {} : { hint }),
    ...(log === undefined ? {} : { log }),
  });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(catalogue, code);
}
