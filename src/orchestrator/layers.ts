/** The layers below every project: guest image, booted machine, base (daemon warm). Each is a fork of the one before. */
import { DEFAULT_BUDGET_BYTES, type ImageInfo, type SnapshotInfo, trimSnapshots, type Vm, type VmEngine } from "../../qemu/index.ts";
import { deployDaemon, type DaemonFiles } from "./daemon-files.ts";
import { layerKeys } from "./keys.ts";
import { closeGuest, openGuest } from "./machine.ts";
import type { RunContext } from "./run-context.ts";

export const DEFAULT_MEMORY_MIB = 2048;
export const DEFAULT_CPUS = 2;
const WARM_ROUNDS = 3;

export interface BaseLayer {
  image: ImageInfo;
  key: string;
  snapshot: SnapshotInfo;
  daemon: DaemonFiles;
}

/**
 * Finds or makes the base template. Only a missing guest image is built, only a missing booted template boots,
 * and a new daemon build is shipped into a fork of the booted one.
 */
export async function ensureBase(run: RunContext, engine: VmEngine, daemon: DaemonFiles): Promise<BaseLayer> {
  const image = await ensureImage(run, engine);
  const { accelerator } = await engine.host();
  const bootedKey = layerKeys.booted({
    imageDigest: image.digest,
    accelerator: accelerator.name,
    cpuModel: accelerator.cpuModel,
    memoryMib: DEFAULT_MEMORY_MIB,
    cpus: DEFAULT_CPUS,
  });
  const key = layerKeys.base(bootedKey, daemon.digest);
  const found = await findValid(run, engine, key);
  if (found) {
    run.reused("base", found.id);
    return { image, key, snapshot: found, daemon };
  }
  const snapshot = await buildOnce(run, engine, key, "base", async () => {
    const booted = await ensureBooted(run, engine, image, bootedKey);
    const built = await run.phase("base", (progress) => buildBase(run, engine, { booted, key, daemon, progress }));
    await trimSnapshots(engine.snapshots, DEFAULT_BUDGET_BYTES);
    return built;
  });
  return { image, key, snapshot, daemon };
}

async function ensureImage(run: RunContext, engine: VmEngine): Promise<ImageInfo> {
  const found = await engine.images.find();
  if (found) {
    run.reused("image", found.digest.slice(0, 12));
    return found;
  }
  return engine.withLock(
    "image",
    () =>
      run.phase("image", (progress) =>
        engine.images.build({
          signal: run.signal,
          onProgress: (step) => progress([step.phase, step.detail].filter(Boolean).join(": "), step.fraction),
        }),
      ),
    lockOptions(run, "image"),
  );
}

async function ensureBooted(run: RunContext, engine: VmEngine, image: ImageInfo, key: string): Promise<SnapshotInfo> {
  const found = await findValid(run, engine, key);
  if (found) {
    run.reused("boot", found.id);
    return found;
  }
  const vm = await bootFresh(run, engine, image);
  return withVm(run, vm, async () => (await vm.capture({ key, name: "booted", labels: { layer: "booted" }, then: "stop" })).snapshot);
}

/** Boots the guest image; resolves when Docker answers in it. */
export async function bootFresh(run: RunContext, engine: VmEngine, image: ImageInfo): Promise<Vm> {
  return run.phase("boot", (progress) =>
    engine.boot(image, {
      name: "boot",
      memoryMib: DEFAULT_MEMORY_MIB,
      cpus: DEFAULT_CPUS,
      signal: run.signal,
      onProgress: (step) => progress([step.phase, step.detail].filter(Boolean).join(": "), step.fraction),
    }),
  );
}

interface BaseBuild {
  booted: SnapshotInfo;
  key: string;
  daemon: DaemonFiles;
  progress: (detail: string) => void;
}

async function buildBase(run: RunContext, engine: VmEngine, { booted, key, daemon, progress }: BaseBuild): Promise<SnapshotInfo> {
  progress("fork of the booted machine");
  const vm = await engine.fork(booted.id, { name: "base", memory: "template", signal: run.signal });
  return withVm(run, vm, async () => {
    progress("shipping the daemon");
    await deployDaemon(vm.agent, daemon);
    progress("warming the daemon");
    await warmUp(vm, daemon.digest);
    const capture = await vm.capture({ key, name: "base", labels: { layer: "base", daemon: daemon.digest }, then: "stop" });
    return capture.snapshot;
  });
}

/** A fork runs whatever code was compiled before the capture: the paths every fork takes are walked here. */
async function warmUp(vm: Vm, daemonDigest: string): Promise<void> {
  for (let round = 0; round < WARM_ROUNDS; round++) {
    const guest = await openGuest(vm, daemonDigest);
    try {
      await guest.services({});
    } finally {
      await closeGuest(guest);
    }
  }
}

/** Runs work on a machine that is stopped on every path. */
export async function withVm<T>(run: RunContext, vm: Vm, work: () => Promise<T>): Promise<T> {
  const release = run.scope.defer(`stop machine ${vm.id}`, () => vm.stop("kill"));
  try {
    return await work();
  } finally {
    release();
    await vm.stop("kill");
  }
}

/** A captured layer that fits this host; a damaged or outdated one is named, removed and built again. */
export async function findValid(run: RunContext, engine: VmEngine, key: string): Promise<SnapshotInfo | undefined> {
  const found = await engine.snapshots.find(key);
  if (!found) return undefined;
  try {
    await engine.snapshots.validate(found.id);
    return found;
  } catch (error) {
    run.emit({ type: "notice", level: "warning", message: `${error instanceof Error ? error.message : String(error)}; building it again` });
    await engine.snapshots.remove(found.id);
    return undefined;
  }
}

/** One builder per key on this machine: whoever comes second waits, told who it waits for, and takes what was built. */
export async function buildOnce(
  run: RunContext,
  engine: VmEngine,
  key: string,
  phase: "base" | "services" | "load-tests",
  build: () => Promise<SnapshotInfo>,
): Promise<SnapshotInfo> {
  return engine.withLock(
    `layer-${key.slice(0, 32)}`,
    async () => {
      const found = await findValid(run, engine, key);
      if (!found) return build();
      run.reused(phase, found.id);
      return found;
    },
    lockOptions(run, phase),
  );
}

function lockOptions(run: RunContext, phase: "image" | "base" | "services" | "load-tests"): Parameters<VmEngine["withLock"]>[2] {
  return {
    signal: run.signal,
    onWait: (holder) => run.waiting(phase, `process ${holder.pid} is building it (${holder.what}); waiting for it`),
  };
}
