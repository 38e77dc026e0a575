import { z } from "zod";
import { SpectestError } from "../../src/errors/index.ts";
import type { SnapshotInfo } from "../types.ts";

export const MANIFEST_FORMAT = 1;

/** A file small enough to be read whole when it is checked. */
const smallFile = z.strictObject({ bytes: z.number(), sha256: z.string() });
/** A file too big for that: its size, its time of last change, and a checksum over pages spread across it. */
const bulkFile = z.strictObject({ bytes: z.number(), mtimeNs: z.string(), sampleSha256: z.string() });

const manifestSchema = z.strictObject({
  formatVersion: z.literal(MANIFEST_FORMAT),
  id: z.string(),
  key: z.string(),
  name: z.string().optional(),
  kind: z.enum(["template", "delta"]),
  parent: z.string().optional(),
  template: z.string().optional(),
  imageDigest: z.string(),
  qemuVersion: z.string(),
  machine: z.string(),
  cpuModel: z.string(),
  accelerator: z.enum(["kvm", "hvf", "tcg"]),
  memoryMib: z.int().positive(),
  cpus: z.int().positive(),
  layoutHash: z.string(),
  labels: z.record(z.string(), z.string()),
  createdAt: z.string(),
  /** Of an ephemeral snapshot: the process it must not outlive. */
  owner: z.strictObject({ pid: z.int(), startTime: z.string().nullable() }).optional(),
  /** The host's boot in which the files were written: until they are flushed they do not outlive it. */
  hostBootId: z.string(),
  diskBytes: z.int().positive(),
  /** RAM pages in the delta. */
  deltaPages: z.int().optional(),
  files: z.strictObject({ state: smallFile, disk: bulkFile, ram: bulkFile.optional(), delta: bulkFile.optional() }),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type SmallFile = z.infer<typeof smallFile>;
export type BulkFile = z.infer<typeof bulkFile>;

export const SNAPSHOT_FILES = {
  manifest: "manifest.json",
  state: "state",
  ram: "ram",
  delta: "delta",
  disk: "disk.qcow2",
  /** The empty overlay every fork starts from, made once. */
  overlay: "overlay.qcow2",
  /** Its time of last change is the snapshot's time of last use. */
  used: "used",
  /** Present once everything is on the disk and outlives a crash of the host. */
  sealed: "sealed",
  marker: ".spectest-snapshot",
} as const;

/** @throws SNAPSHOT_INVALID naming the first field that is missing or malformed. */
export function parseManifest(id: string, text: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw invalid(id, "manifest", "it is not JSON", cause);
  }
  const result = manifestSchema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  throw invalid(id, [...(issue?.path ?? []), ...(unknown ? [unknown] : [])].join(".") || "manifest", issue?.message ?? "malformed");
}

export function invalid(id: string, field: string, why: string, cause?: unknown): SpectestError {
  return new SpectestError("SNAPSHOT_INVALID", {
    what: `snapshot ${id} cannot be used, ${field}: ${why}`,
    value: { id, field },
    ...(cause === undefined ? {} : { cause }),
  });
}

export function toSnapshotInfo(manifest: Manifest, sizeBytes: number, lastUsedAt: string): SnapshotInfo {
  const { id, key, name, kind, parent, template, imageDigest, memoryMib, cpus, accelerator, labels, createdAt } = manifest;
  return {
    id,
    key,
    kind,
    imageDigest,
    memoryMib,
    cpus,
    accelerator,
    labels,
    sizeBytes,
    createdAt,
    lastUsedAt,
    ...(name === undefined ? {} : { name }),
    ...(parent === undefined ? {} : { parent }),
    ...(template === undefined ? {} : { template }),
  };
}
