import { stat } from "node:fs/promises";
import { join } from "node:path";
import { isSpectestError } from "../../src/errors/index.ts";
import { hostBootId } from "./bootId.ts";
import { bulkDamage, smallDamage } from "./checks.ts";
import { firstMisfit, type HostMatch, templateMisfit } from "./fit.ts";
import { invalid, type Manifest, SNAPSHOT_FILES } from "./manifest.ts";

export interface ValidationSources {
  host: HostMatch;
  dirOf(id: string): string;
  read(id: string): Promise<Manifest>;
  hasImage: (digest: string) => Promise<boolean>;
}

/**
 * Checks a snapshot against this host, its own files and everything it stands on.
 *
 * @throws SNAPSHOT_INVALID naming the first field that does not hold.
 */
export async function validateSnapshot(id: string, sources: ValidationSources): Promise<Manifest> {
  const manifest = await sources.read(id);
  if (manifest.id !== id) throw invalid(id, "id", `the manifest names ${manifest.id}`);
  const misfit = firstMisfit(manifest, sources.host);
  if (misfit) throw invalid(id, misfit.field, misfit.why);
  if (!(await sources.hasImage(manifest.imageDigest)))
    throw invalid(id, "imageDigest", `the guest image ${manifest.imageDigest} is not in the store`);
  await checkFiles(manifest, sources.dirOf(id));
  if (manifest.template !== undefined) {
    const template = await reference(manifest, "template", manifest.template, sources);
    const difference = templateMisfit(manifest, template);
    if (difference) throw invalid(id, difference.field, difference.why);
    await checkFiles(template, sources.dirOf(template.id));
  }
  for (let child = manifest; child.parent !== undefined; ) {
    const parent = await reference(child, "parent", child.parent, sources);
    await checkFiles(parent, sources.dirOf(parent.id), ["disk"]);
    child = parent;
  }
  return manifest;
}

async function reference(manifest: Manifest, field: "template" | "parent", id: string, sources: ValidationSources): Promise<Manifest> {
  try {
    return await sources.read(id);
  } catch (cause) {
    if (!isSpectestError(cause)) throw cause;
    throw invalid(manifest.id, field, cause.message, cause);
  }
}

async function checkFiles(manifest: Manifest, dir: string, only?: readonly (keyof Manifest["files"])[]): Promise<void> {
  const { id, files } = manifest;
  const checks = [
    ["state", () => smallDamage(join(dir, SNAPSHOT_FILES.state), files.state)],
    ["disk", () => bulkDamage(join(dir, SNAPSHOT_FILES.disk), files.disk)],
    ["ram", async () => files.ram && bulkDamage(join(dir, SNAPSHOT_FILES.ram), files.ram)],
    ["delta", async () => files.delta && bulkDamage(join(dir, SNAPSHOT_FILES.delta), files.delta)],
  ] as const;
  for (const [name, check] of checks) {
    if (only && !only.includes(name)) continue;
    const damage = await check();
    if (damage) throw invalid(id, `files.${name}`, damage);
  }
  if (manifest.hostBootId !== (await hostBootId()) && !(await exists(join(dir, SNAPSHOT_FILES.sealed)))) {
    throw invalid(id, "hostBootId", "the host went down before the files had reached the disk");
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
