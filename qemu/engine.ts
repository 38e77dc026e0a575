import { resolve } from "node:path";
import { SpectestError } from "../src/errors/index.ts";
import { hostFacts } from "./accel/host.ts";
import { bootVm } from "./boot/boot.ts";
import { availableMib, forksThatFit, totalMib } from "./capacity/memory.ts";
import { PAGE_BYTES } from "./capture/pagemap.ts";
import type { EngineContext } from "./context.ts";
import { forkVm } from "./fork/fork.ts";
import type { VmCore } from "./instance/core.ts";
import { claimHome } from "./instance/home.ts";
import { reapInstances } from "./instance/reaper.ts";
import { instanceDirs, readRecord, toInfo } from "./instance/record.ts";
import { VmHandle } from "./instance/vm.ts";
import { MACHINE_TYPE } from "./layout/layout.ts";
import { type LockOptions, withFileLock } from "./lock/fileLock.ts";
import { DiskSnapshotStore } from "./snapshot/store.ts";
import type {
  BootOptions,
  EngineOptions,
  ForkOptions,
  HostFacts,
  ImageInfo,
  ImageStore,
  SnapshotStore,
  Vm,
  VmEngine,
  VmInfo,
} from "./types.ts";

/** Where images come from; the engine itself only reads them. */
export type OpenImageStore = (home: string) => ImageStore | Promise<ImageStore>;

/**
 * Opens the machine-wide state directory and removes what processes that are gone left behind.
 *
 * @throws STORE_FOREIGN when the directory holds somebody else's files, HOST_MISSING when there is no QEMU.
 */
export async function openEngineWith(openImages: OpenImageStore, options: EngineOptions): Promise<VmEngine> {
  const paths = await claimHome(resolve(options.home));
  const host = await hostFacts(options, paths.hostFile);
  const images = await openImages(paths.root);
  const found = new Map<string, ImageInfo>();
  const findImage = async (digest: string): Promise<ImageInfo | undefined> => {
    const image = found.get(digest) ?? (await images.find(digest));
    if (image) found.set(digest, image);
    return image;
  };
  const store = new DiskSnapshotStore({
    paths,
    host: async () => ({
      qemuVersion: host.qemuVersion,
      machine: MACHINE_TYPE,
      cpuModel: host.accelerator.cpuModel,
      accelerator: host.accelerator.name,
    }),
    hasImage: async (digest) => (await findImage(digest)) !== undefined,
  });
  const background = new Set<Promise<unknown>>();
  const context: EngineContext = {
    paths,
    host,
    store,
    async imageOf(digest) {
      const image = await findImage(digest);
      if (image) return image;
      throw new SpectestError("IMAGE_NOT_FOUND", { what: `the guest image ${digest} is not in the store`, value: digest });
    },
    aside(work) {
      const settled: Promise<unknown> = work.catch(() => undefined).finally(() => background.delete(settled));
      background.add(settled);
    },
  };
  await reapInstances(paths);
  await store.reap();
  return new Engine(context, images, background);
}

/** The parts of an engine opened here, for measurements that look below the public verbs. */
export function contextOf(engine: VmEngine): EngineContext {
  if (engine instanceof Engine) return engine.context;
  throw new SpectestError("INTERNAL", { what: "not an engine of this module" });
}

class Engine implements VmEngine {
  readonly context: EngineContext;
  readonly home: string;
  readonly images: ImageStore;
  readonly snapshots: SnapshotStore;
  readonly #background: Set<Promise<unknown>>;
  readonly #vms = new Set<VmHandle>();

  constructor(context: EngineContext, images: ImageStore, background: Set<Promise<unknown>>) {
    this.home = context.paths.root;
    this.images = images;
    this.snapshots = context.store;
    this.context = context;
    this.#background = background;
  }

  async host(): Promise<HostFacts> {
    return this.context.host;
  }

  async boot(image: ImageInfo, options: BootOptions = {}): Promise<Vm> {
    return this.#hold(await bootVm(this.context, image, options));
  }

  async fork(snapshotId: string, options: ForkOptions = {}): Promise<Vm> {
    return this.#hold(await forkVm(this.context, snapshotId, options));
  }

  async list(): Promise<VmInfo[]> {
    await reapInstances(this.context.paths);
    const dirs = await instanceDirs(this.context.paths.vms);
    const records = await Promise.all(dirs.map((dir) => readRecord(dir).catch(() => undefined)));
    return records.filter((record) => record !== undefined).map(toInfo);
  }

  withLock<T>(name: string, fn: () => Promise<T>, options: LockOptions = {}): Promise<T> {
    return withFileLock(this.context.paths.locks, name, fn, options);
  }

  async capacity(snapshotId: string): Promise<number> {
    const { accelerator, memoryMib, deltaPages = 0 } = await this.context.store.read(snapshotId);
    const deltaMib = (deltaPages * PAGE_BYTES) / 1024 / 1024;
    return forksThatFit(await availableMib(), totalMib(), { accelerator, memoryMib, deltaMib });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#vms].map((vm) => vm.stop("kill")));
    await Promise.all(this.#background);
  }

  #hold(core: VmCore): Vm {
    const vm = new VmHandle(core, () => this.#vms.delete(vm));
    this.#vms.add(vm);
    return vm;
  }
}
