/** What a project declares, as data: parsed in the guest, shown and scheduled on the host. */
import { z } from "zod";

export const imageSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("registry"), reference: z.string().min(1) }),
  z.strictObject({ type: z.literal("dockerfile"), content: z.string().min(1), exclude: z.array(z.string()).optional() }),
]);
export type ImageSpec = z.infer<typeof imageSchema>;

const port = z.number().int().min(1).max(65_535);
const timeoutSecs = z.number().positive().optional();

export const readyCheckSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("tcp"), port, timeoutSecs }),
  z.strictObject({ type: z.literal("http"), port, path: z.string().startsWith("/").optional(), timeoutSecs }),
  z.strictObject({ type: z.literal("exec"), command: z.string().min(1), timeoutSecs }),
]);
export type ReadyCheck = z.infer<typeof readyCheckSchema>;

export const volumeSchema = z.strictObject({
  target: z.string().startsWith("/", "a volume's target is an absolute path in the container"),
  source: z.string().optional(),
  readOnly: z.boolean().optional(),
  cache: z.boolean().optional(),
});
export type VolumeSpec = z.infer<typeof volumeSchema>;

export const fileSchema = z.strictObject({
  path: z.string().startsWith("/", "a file's path is absolute"),
  content: z.string(),
  mode: z.number().int().min(0).max(0o7777).optional(),
});
export type FileSpec = z.infer<typeof fileSchema>;

export const tlsSchema = z.strictObject({ hostname: z.string().min(1), port });

/** The plain-data fields of one service; functions (setup, helpers) stay in the project host. */
export const serviceSpecSchema = z
  .strictObject({
    image: imageSchema,
    command: z.string().optional(),
    args: z.array(z.string()).optional(),
    env: z.record(z.string(), z.string()).optional(),
    workdir: z.string().optional(),
    privileged: z.boolean().optional(),
    tmpfs: z.array(z.string()).optional(),
    cgroupns: z.enum(["host", "private"]).optional(),
    volumes: z.array(volumeSchema).optional(),
    files: z.array(fileSchema).optional(),
    hostnames: z.array(z.string()).optional(),
    dependsOn: z.array(z.string()).optional(),
    readyCheck: readyCheckSchema.optional(),
    tls: z.array(tlsSchema).optional(),
  })
  .refine((spec) => spec.command === undefined || spec.args === undefined, {
    message: "`command` replaces the entrypoint and `args` keeps it: give one of them, not both",
  });
export type ServiceSpec = z.infer<typeof serviceSpecSchema>;

/** Names become container names and host names. */
export const serviceNameSchema = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "a service name is a DNS label in lower case");

export const parsedServiceSchema = z.strictObject({
  name: serviceNameSchema,
  spec: serviceSpecSchema,
  hasSetup: z.boolean(),
  hasHelpers: z.boolean(),
});
export type ParsedService = z.infer<typeof parsedServiceSchema>;

export const parsedFakeSchema = z.strictObject({
  name: z.string(),
  hostnames: z.array(z.string().min(1)).min(1),
  port: port,
  secretRefs: z.array(z.string()),
});
export type ParsedFake = z.infer<typeof parsedFakeSchema>;

export const parsedEnvironmentSchema = z.strictObject({
  services: z.array(parsedServiceSchema),
  fakes: z.array(parsedFakeSchema),
  hasSetup: z.boolean(),
});
export type ParsedEnvironment = z.infer<typeof parsedEnvironmentSchema>;

export const testModeSchema = z.enum(["run", "only", "skip", "todo", "fails"]);

export const testCaseSchema = z.strictObject({
  /** Stable across runs: the given id, else file and full name. */
  id: z.string().min(1),
  /** With its describe titles, joined by " > ". */
  name: z.string().min(1),
  /** Relative to the project directory, e.g. "spectest/tests/checkout.ts". */
  file: z.string(),
  line: z.number().int().nonnegative(),
  parent: z.string().optional(),
  after: z.array(z.string()),
  timeoutMs: z.number().positive(),
  tags: z.array(z.string()),
  retries: z.number().int().nonnegative(),
  mode: testModeSchema,
});
export type TestCase = z.infer<typeof testCaseSchema>;
