/** The pushed progress of a bring-up, per service and as a whole. */
import { z } from "zod";
import { wireErrorSchema } from "./recording.ts";

export const serviceStateSchema = z.enum([
  "pending",
  "pulling",
  "building",
  "prepared",
  "starting",
  "probing",
  "ready",
  "failed",
  "cancelled",
  "stopped",
]);
export type ServiceState = z.infer<typeof serviceStateSchema>;

export const serviceProgressSchema = z.strictObject({
  type: z.literal("service"),
  service: z.string(),
  state: serviceStateSchema,
  /** Build step, layers done, probe: e.g. "step 4/9 RUN npm ci". */
  detail: z.string().optional(),
  /** Milliseconds since the bring-up began. */
  atMs: z.number(),
  error: wireErrorSchema.optional(),
  /** Last log lines, when it failed. */
  logTail: z.array(z.string()).optional(),
});
export type ServiceProgress = z.infer<typeof serviceProgressSchema>;

export const serviceTimingSchema = z.strictObject({
  service: z.string(),
  prepareMs: z.number(),
  runMs: z.number(),
  readyMs: z.number(),
  setupMs: z.number(),
  slowestSteps: z.array(z.strictObject({ title: z.string(), durationMs: z.number(), cached: z.boolean() })),
});
export type ServiceTiming = z.infer<typeof serviceTimingSchema>;

/** Lines of the bootstrap stream: many `service` and `notice`, one `done` or `failed` at the end. */
export const bootstrapLineSchema = z.discriminatedUnion("type", [
  serviceProgressSchema,
  z.strictObject({ type: z.literal("notice"), level: z.enum(["info", "warning"]), message: z.string(), atMs: z.number() }),
  z.strictObject({ type: z.literal("setup"), state: z.enum(["started", "done", "failed"]), atMs: z.number() }),
  z.strictObject({ type: z.literal("done"), durationMs: z.number(), timings: z.array(serviceTimingSchema) }),
  z.strictObject({ type: z.literal("failed"), error: wireErrorSchema, service: z.string().optional() }),
]);
export type BootstrapLine = z.infer<typeof bootstrapLineSchema>;

export const serviceStatusSchema = z.strictObject({
  name: z.string(),
  state: serviceStateSchema,
  ip: z.string().optional(),
  containerId: z.string().optional(),
  image: z.string().optional(),
  /** Declared by a running test rather than by the environment. */
  runtime: z.boolean(),
  ports: z.array(z.number().int()),
  restarts: z.number().int(),
  startedAt: z.string().optional(),
});
export type ServiceStatus = z.infer<typeof serviceStatusSchema>;
