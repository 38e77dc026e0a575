import { type DeviceLayout, layoutHash } from "../layout/layout.ts";
import type { AcceleratorName } from "../types.ts";
import type { Manifest } from "./manifest.ts";

/** What this host can load. */
export interface HostMatch {
  qemuVersion: string;
  machine: string;
  cpuModel: string;
  accelerator: AcceleratorName;
}

const MAX_CPUS_TRIED = 64;

/** The first field of a manifest that does not fit this host, and why; pure. */
export function firstMisfit(manifest: Manifest, host: HostMatch): { field: string; why: string } | undefined {
  for (const field of ["qemuVersion", "machine", "accelerator", "cpuModel"] as const) {
    if (manifest[field] !== host[field]) return { field, why: `captured with ${manifest[field]}, this host has ${host[field]}` };
  }
  const ramBytes = manifest.files.ram?.bytes;
  if (ramBytes !== undefined && ramBytes !== manifest.memoryMib * 1024 * 1024) {
    return { field: "memoryMib", why: `${manifest.memoryMib} MiB named, but the RAM file has ${ramBytes} bytes` };
  }
  if (manifest.kind === "template" && !manifest.files.ram) return { field: "files.ram", why: "a template needs a RAM file" };
  if (manifest.kind === "delta" && !manifest.files.delta) return { field: "files.delta", why: "a delta needs its pages" };
  if (manifest.kind === "delta" && !manifest.template) return { field: "template", why: "a delta needs a template" };
  return layoutMisfit(manifest);
}

export function layoutOf(manifest: Manifest): DeviceLayout {
  const { machine, accelerator, cpuModel, cpus, memoryMib } = manifest;
  return { machine, accelerator, cpuModel, cpus, memoryMib };
}

function layoutMisfit(manifest: Manifest): { field: string; why: string } | undefined {
  const layout = layoutOf(manifest);
  if (layoutHash(layout) === manifest.layoutHash) return undefined;
  for (let cpus = 1; cpus <= MAX_CPUS_TRIED; cpus++) {
    if (layoutHash({ ...layout, cpus }) === manifest.layoutHash) {
      return { field: "cpus", why: `${manifest.cpus} named, but the devices were laid out for ${cpus}` };
    }
  }
  return { field: "layoutHash", why: "captured with another device layout" };
}

/** The first fact in which a delta differs from its template. */
export function templateMisfit(manifest: Manifest, template: Manifest): { field: string; why: string } | undefined {
  for (const field of ["memoryMib", "cpus", "imageDigest", "layoutHash"] as const) {
    if (manifest[field] !== template[field])
      return { field, why: `${manifest[field]} here, ${template[field]} in the template ${template.id}` };
  }
  return template.kind === "template" ? undefined : { field: "template", why: `${template.id} is not a template` };
}
