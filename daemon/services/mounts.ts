/** What a service's files and volumes are on the guest's disk. */
import { chmod, cp, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join, normalize } from "node:path";
import { SpectestError } from "../../src/errors/index.ts";
import type { ServiceSpec, VolumeSpec } from "../../src/protocol/index.ts";
import type { Mount } from "../docker/types.ts";
import type { Layout } from "../layout.ts";

/** In the containers. */
export const CA_MOUNT_DIR = "/etc/spectest/ca";

export function caEnvironment(): Record<string, string> {
  const bundle = `${CA_MOUNT_DIR}/bundle.pem`;
  return {
    // Node adds this file to its roots; the others replace theirs by it, so it holds the public roots too.
    NODE_EXTRA_CA_CERTS: `${CA_MOUNT_DIR}/ca.pem`,
    SSL_CERT_FILE: bundle,
    REQUESTS_CA_BUNDLE: bundle,
    AWS_CA_BUNDLE: bundle,
  };
}

/** Everything to mount into a service's container; directories and files are created. */
export async function prepareMounts(service: string, spec: ServiceSpec, layout: Layout): Promise<Mount[]> {
  const mounts: Mount[] = [{ source: layout.caDir, target: CA_MOUNT_DIR, readOnly: true }];
  for (const [index, file] of (spec.files ?? []).entries()) {
    const source = join(layout.serviceFilesDir(service), String(index));
    await mkdir(dirname(source), { recursive: true });
    await writeFile(source, file.content.replaceAll("{{SPECTEST_SERVICE}}", service));
    await chmod(source, file.mode ?? 0o644);
    mounts.push({ source, target: file.path, readOnly: true });
  }
  for (const volume of spec.volumes ?? []) {
    const source = await volumeSource(service, volume, layout);
    mounts.push({ source, target: volume.target, readOnly: volume.readOnly ?? false });
  }
  return mounts;
}

async function volumeSource(service: string, volume: VolumeSpec, layout: Layout): Promise<string> {
  const { source } = volume;
  if (source !== undefined && isAbsolute(source)) {
    // What was there before is the machine's own (a socket, a system directory) and is never emptied.
    if (await isMissing(source)) {
      await recordAbsolute(source, layout);
      await mkdir(source, { recursive: true });
    }
    return source;
  }
  const relative = normalize(source ?? volume.target.replace(/^\/+/, ""));
  if (relative.startsWith("..")) {
    throw new SpectestError("PROJECT_INVALID", { what: `service ${service}: the volume source ${source} leads out of the workspace` });
  }
  if (volume.cache) {
    const dir = join(layout.cacheVolumesDir, service, relative);
    await mkdir(dir, { recursive: true });
    return dir;
  }
  const path = join(layout.workspaceDir, ".spectest", "volumes", service, relative);
  // What the project has under that name is where the volume starts from.
  const given = source === undefined ? undefined : join(layout.workspaceDir, relative);
  await mkdir(dirname(path), { recursive: true });
  if (given !== undefined) await cp(given, path, { recursive: true, errorOnExist: false, force: false }).catch(ignoreMissing);
  if (await isMissing(path)) await mkdir(path, { recursive: true });
  return path;
}

async function isMissing(path: string): Promise<boolean> {
  return stat(path).then(
    () => false,
    () => true,
  );
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

async function readAbsolute(layout: Layout): Promise<string[]> {
  const text = await readFile(layout.absoluteVolumesFile, "utf8").catch(() => "[]");
  return JSON.parse(text);
}

async function recordAbsolute(source: string, layout: Layout): Promise<void> {
  const known = await readAbsolute(layout);
  if (known.includes(source)) return;
  await writeFile(layout.absoluteVolumesFile, JSON.stringify([...known, source]));
}

/** A rebuilt environment starts without the directories that an earlier one made. */
export async function emptyAbsoluteVolumes(layout: Layout): Promise<void> {
  for (const source of await readAbsolute(layout)) await rm(source, { recursive: true, force: true });
  await rm(layout.absoluteVolumesFile, { force: true });
}
