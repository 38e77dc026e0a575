import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { VmCore } from "../instance/core.ts";
import { processId } from "../instance/processId.ts";
import { layoutHash } from "../layout/layout.ts";
import type { CaptureOptions } from "../types.ts";
import { hostBootId } from "./bootId.ts";
import { measureBulk, measureSmall } from "./checks.ts";
import { MANIFEST_FORMAT, type Manifest, SNAPSHOT_FILES } from "./manifest.ts";

export interface Composition {
  id: string;
  dir: string;
  kind: Manifest["kind"];
  parent: string | undefined;
  template: string | undefined;
  deltaPages?: number;
}

/** The manifest of files that lie complete in a snapshot's directory. */
export async function composeManifest(core: VmCore, options: CaptureOptions, made: Composition): Promise<Manifest> {
  const { layout, record, context } = core;
  const file = (name: string): string => join(made.dir, name);
  const has = async (name: string): Promise<boolean> =>
    stat(file(name))
      .then(() => true)
      .catch(() => false);
  const [state, disk, ram, delta] = await Promise.all([
    measureSmall(file(SNAPSHOT_FILES.state)),
    measureBulk(file(SNAPSHOT_FILES.disk)),
    has(SNAPSHOT_FILES.ram).then((there) => (there ? measureBulk(file(SNAPSHOT_FILES.ram)) : undefined)),
    has(SNAPSHOT_FILES.delta).then((there) => (there ? measureBulk(file(SNAPSHOT_FILES.delta)) : undefined)),
  ]);
  return {
    formatVersion: MANIFEST_FORMAT,
    id: made.id,
    key: options.key,
    ...(options.name === undefined ? {} : { name: options.name }),
    kind: made.kind,
    ...(made.parent === undefined ? {} : { parent: made.parent }),
    ...(made.template === undefined ? {} : { template: made.template }),
    imageDigest: record.imageDigest,
    qemuVersion: context.host.qemuVersion,
    ...layout,
    layoutHash: layoutHash(layout),
    labels: { ...record.labels, ...options.labels },
    createdAt: new Date().toISOString(),
    ...(options.ephemeral ? { owner: processId(process.pid) } : {}),
    hostBootId: await hostBootId(),
    diskBytes: core.diskBytes,
    ...(made.deltaPages === undefined ? {} : { deltaPages: made.deltaPages }),
    files: { state, disk, ...(ram ? { ram } : {}), ...(delta ? { delta } : {}) },
  };
}
