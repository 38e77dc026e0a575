import { shortId } from "../../src/platform/index.ts";
import type { EngineContext } from "../context.ts";
import type { DeviceLayout } from "../layout/layout.ts";
import { socketDir } from "../process/paths.ts";
import type { ImageInfo } from "../types.ts";
import { VmCore } from "./core.ts";
import { createInstanceDir, newRecord, removeInstanceDir, writeRecord } from "./record.ts";

export interface NewVm {
  context: EngineContext;
  image: ImageInfo;
  layout: DeviceLayout;
  diskBytes: number;
  network: "open" | "denied";
  name: string | undefined;
  labels: Record<string, string>;
  /** The snapshot it continues. */
  from?: string;
}

/** A machine's directory and record, before any process of it exists. */
export async function createVm({ context, image, layout, diskBytes, network, name, labels, from }: NewVm): Promise<VmCore> {
  const id = shortId();
  const dir = await createInstanceDir(context.paths.vms, id);
  const sockets = socketDir(dir);
  const record = newRecord({
    id,
    labels,
    accelerator: layout.accelerator,
    memoryMib: layout.memoryMib,
    cpus: layout.cpus,
    imageDigest: image.digest,
    ...(name === undefined ? {} : { name }),
    ...(from === undefined ? {} : { from, basis: from }),
    ...(sockets.own ? { socketDir: sockets.dir } : {}),
  });
  await writeRecord(dir, record);
  return new VmCore({ context, record, dir, socketDir: sockets.dir, image, layout, diskBytes, network });
}

/** Undoes everything of a machine that did not come up. */
export async function discardVm(core: VmCore): Promise<void> {
  if (core.state !== "stopping" && core.state !== "stopped") core.move("stopping");
  if (core.hasMachine) await core.machine.process.kill();
  await core.saved();
  await removeInstanceDir(core.dir, core.record);
  core.record.state = "stopped";
}
