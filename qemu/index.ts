import { openEngineWith } from "./engine.ts";
import { createImageStore } from "./image/store.ts";
import type { EngineOptions, VmEngine } from "./types.ts";

/**
 * Opens the VM engine on a machine-wide state directory. Any number of processes may have it open; machines belong to the
 * process that started them and die with it.
 *
 * @throws STORE_FOREIGN when `home` holds somebody else's files, HOST_MISSING when there is no usable QEMU.
 * @example
 * const engine = await openEngine({ home: spectestHome() });
 * const vm = await engine.boot(await engine.images.build());
 * const { snapshot } = await vm.capture({ key: "base", then: "stop" });
 * const fork = await engine.fork(snapshot.id);
 */
export function openEngine(options: EngineOptions): Promise<VmEngine> {
  return openEngineWith(createImageStore, options);
}

export { checkHost, type HostCheck } from "./preflight/check.ts";
export { installMissing, type InstallOptions } from "./preflight/install.ts";
export {
  type BaselineReport,
  benchCapture,
  type BenchCaptureOptions,
  type BenchCaptureReport,
  benchFork,
  type BenchForkOptions,
  type BenchForkReport,
  type Percentiles,
} from "./bench/index.ts";
export { attachVm, machinePlaces, type MachinePlaces, type RemoteServer, type RemoteVm, serveVm } from "./remote/index.ts";
export type {
  Accelerator,
  AcceleratorName,
  BootOptions,
  CaptureOptions,
  CaptureResult,
  EngineOptions,
  ForkOptions,
  GuestAgent,
  HostFacts,
  ImageInfo,
  ImageStore,
  OnProgress,
  PhaseTimings,
  Progress,
  SnapshotInfo,
  SnapshotKind,
  SnapshotStore,
  Vm,
  VmEngine,
  VmExit,
  VmInfo,
  VmState,
} from "./types.ts";
export { DEFAULT_BUDGET_BYTES, trimSnapshots } from "./snapshot/budget.ts";
