import { mkdir, open, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isSpectestError, SpectestError } from "../../src/errors/index.ts";
import { readTextIfExists, shortId, writeFileAtomic } from "../../src/platform/index.ts";
import type { HomePaths } from "../homePaths.ts";
import { isAlive, isProcessId, processId } from "../instance/processId.ts";
import { instanceDirs, readRecord } from "../instance/record.ts";
import type { SnapshotInfo, SnapshotStore } from "../types.ts";
import type { HostMatch } from "./fit.ts";
import { KeyIndex } from "./keys.ts";
import { type Manifest, parseManifest, SNAPSHOT_FILES, toSnapshotInfo } from "./manifest.ts";
import { validateSnapshot } from "./validate.ts";

export interface DiskSnapshotStoreOptions {
  paths: HomePaths;
  host: () => Promise<HostMatch>;
  hasImage: (digest: string) => Promise<boolean>;
}

/**
 * Snapshots on disk, one directory each. A directory becomes a snapshot with its manifest, which is renamed into place
 * last; from then on nothing in it changes but the time of last use.
 */
export class DiskSnapshotStore implements SnapshotStore {
  readonly #options: DiskSnapshotStoreOptions;
  readonly #keys: KeyIndex;
  /** What was validated by this process, by the state of its files then. */
  readonly #validated = new Map<string, string>();

  constructor(options: DiskSnapshotStoreOptions) {
    this.#options = options;
    this.#keys = new KeyIndex(options.paths.keys);
  }

  dirOf(id: string): string {
    return join(this.#options.paths.snapshots, id);
  }

  async find(key: string): Promise<SnapshotInfo | undefined> {
    const id = await this.#keys.get(key);
    if (id === undefined) return undefined;
    const info = await this.get(id).catch((error: unknown) => {
      if (isSpectestError(error, "SNAPSHOT_NOT_FOUND") || isSpectestError(error, "SNAPSHOT_INVALID")) return undefined;
      throw error;
    });
    return info?.key === key ? info : undefined;
  }

  async get(id: string): Promise<SnapshotInfo> {
    const manifest = await this.read(id);
    const dir = this.dirOf(id);
    const names = Object.values(SNAPSHOT_FILES);
    const stats = await Promise.all(names.map((name) => stat(join(dir, name)).catch(() => undefined)));
    const sizeBytes = stats.reduce((sum, entry) => sum + (entry?.blocks ?? 0) * 512, 0);
    const used = stats[names.indexOf(SNAPSHOT_FILES.used)]?.mtime.toISOString() ?? manifest.createdAt;
    return toSnapshotInfo(manifest, sizeBytes, used);
  }

  async list(): Promise<SnapshotInfo[]> {
    const infos = await Promise.all((await this.#ids()).map((id) => this.get(id).catch(() => undefined)));
    return infos.filter((info) => info !== undefined).toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
  }

  async read(id: string): Promise<Manifest> {
    const text = /^[a-z0-9]+$/.test(id) ? await readTextIfExists(join(this.dirOf(id), SNAPSHOT_FILES.manifest)) : undefined;
    if (text === undefined) throw new SpectestError("SNAPSHOT_NOT_FOUND", { what: `there is no snapshot ${id}`, value: id });
    return parseManifest(id, text);
  }

  async validate(id: string): Promise<void> {
    await this.#validate(id);
  }

  /** The manifest of a snapshot that may be loaded now. Validates it the first time, later only looks whether a file changed. */
  async open(id: string): Promise<Manifest> {
    const fingerprint = await this.#fingerprint(id);
    const manifest = this.#validated.get(id) === fingerprint ? await this.read(id) : await this.#validate(id);
    this.#validated.set(id, fingerprint);
    return manifest;
  }

  /** Notes a use, for whoever drops the least recently used ones. */
  async touch(id: string): Promise<void> {
    const now = new Date();
    await utimes(join(this.dirOf(id), SNAPSHOT_FILES.used), now, now).catch(() => undefined);
  }

  async remove(id: string): Promise<void> {
    const manifest = await this.read(id).catch((error: unknown) => {
      if (isSpectestError(error, "SNAPSHOT_INVALID")) return undefined;
      throw error;
    });
    await this.#refuseIfNeeded(id);
    const trash = join(this.#options.paths.snapshots, `.trash-${shortId()}`);
    await rename(this.dirOf(id), trash);
    if (manifest) await this.#keys.drop(manifest.key, id);
    await rm(trash, { recursive: true, force: true });
  }

  /** A directory for a snapshot to come. Without `publish` it is removed by the next clean-up after this process. */
  async begin(): Promise<{ id: string; dir: string }> {
    const id = shortId();
    const dir = this.dirOf(id);
    await mkdir(dir, { mode: 0o700 });
    await writeFile(join(dir, SNAPSHOT_FILES.marker), JSON.stringify(processId(process.pid)), { mode: 0o600 });
    return { id, dir };
  }

  async abandon(id: string): Promise<void> {
    await rm(this.dirOf(id), { recursive: true, force: true });
  }

  /** Makes it a snapshot. An earlier one of the same key loses the key, and its files if nobody needs them. */
  async publish(manifest: Manifest): Promise<SnapshotInfo> {
    const dir = this.dirOf(manifest.id);
    await writeFile(join(dir, SNAPSHOT_FILES.used), "", { mode: 0o600 });
    await writeFileAtomic(join(dir, SNAPSHOT_FILES.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
    const earlier = await this.#keys.get(manifest.key);
    await this.#keys.set(manifest.key, manifest.id);
    if (earlier !== undefined && earlier !== manifest.id) await this.remove(earlier).catch(() => undefined);
    this.#validated.set(manifest.id, await this.#fingerprint(manifest.id));
    return this.get(manifest.id);
  }

  /** Flushes a snapshot to the disk, so that it outlives a crash of the host. Slow; run it aside. */
  async seal(id: string): Promise<void> {
    const dir = this.dirOf(id);
    for (const name of [SNAPSHOT_FILES.state, SNAPSHOT_FILES.disk, SNAPSHOT_FILES.delta, SNAPSHOT_FILES.ram, SNAPSHOT_FILES.manifest]) {
      const file = await open(join(dir, name), "r").catch(() => undefined);
      await file?.sync();
      await file?.close();
    }
    await writeFile(join(dir, SNAPSHOT_FILES.sealed), "", { mode: 0o600 });
  }

  /** Removes what processes that are gone began and never published, and the ephemeral snapshots they left. */
  async reap(): Promise<void> {
    for (const name of await readdir(this.#options.paths.snapshots)) {
      const dir = join(this.#options.paths.snapshots, name);
      if (name.startsWith(".trash-")) await rm(dir, { recursive: true, force: true });
      else if (await this.#abandoned(dir)) await rm(dir, { recursive: true, force: true });
    }
    const manifests = await Promise.all((await this.#ids()).map((id) => this.read(id).catch(() => undefined)));
    const orphans = manifests.filter((manifest) => manifest?.owner !== undefined && !isAlive(manifest.owner));
    // Newest first: a later one may stand on the disk of an earlier one.
    for (const orphan of orphans.toSorted((a, b) => (b?.createdAt ?? "").localeCompare(a?.createdAt ?? ""))) {
      if (orphan) await this.remove(orphan.id).catch(() => undefined);
    }
  }

  async #validate(id: string): Promise<Manifest> {
    const { host, hasImage } = this.#options;
    return validateSnapshot(id, { host: await host(), dirOf: (other) => this.dirOf(other), read: (other) => this.read(other), hasImage });
  }

  async #fingerprint(id: string): Promise<string> {
    const files = [SNAPSHOT_FILES.manifest, SNAPSHOT_FILES.state, SNAPSHOT_FILES.disk, SNAPSHOT_FILES.ram, SNAPSHOT_FILES.delta];
    const stats = await Promise.all(files.map((name) => stat(join(this.dirOf(id), name)).catch(() => undefined)));
    return stats.map((entry) => (entry ? `${entry.ino}:${entry.size}:${entry.mtimeMs}` : "-")).join(" ");
  }

  async #refuseIfNeeded(id: string): Promise<void> {
    const inUse = (by: string): SpectestError =>
      new SpectestError("SNAPSHOT_IN_USE", { what: `snapshot ${id} is needed by ${by}`, value: id });
    for (const other of await this.list()) {
      if (other.parent === id || other.template === id) throw inUse(`snapshot ${other.id}${other.name ? ` (${other.name})` : ""}`);
    }
    for (const dir of await instanceDirs(this.#options.paths.vms)) {
      const record = await readRecord(dir).catch(() => undefined);
      if (record?.basis === id && isAlive(record.owner)) throw inUse(`machine ${record.id}${record.name ? ` (${record.name})` : ""}`);
    }
  }

  async #ids(): Promise<string[]> {
    return (await readdir(this.#options.paths.snapshots)).filter((name) => !name.startsWith("."));
  }

  async #abandoned(dir: string): Promise<boolean> {
    if ((await readTextIfExists(join(dir, SNAPSHOT_FILES.manifest))) !== undefined) return false;
    const marker = await readTextIfExists(join(dir, SNAPSHOT_FILES.marker));
    if (marker === undefined) return false;
    try {
      const owner: unknown = JSON.parse(marker);
      return !isProcessId(owner) || !isAlive(owner);
    } catch {
      return true;
    }
  }
}
