export { attachEnvironment, type EnvironmentClient, type EnvironmentTerminal } from "./attach.ts";
export { type BenchOptions, type BenchReport, runBench } from "./bench.ts";
export { doctor, type DoctorReport } from "./doctor.ts";
export { collectGarbage, missingOnHost, openVms, type PrepareOptions, prepareHost } from "./host.ts";
export { runTests } from "./run-tests.ts";
export type { SessionOptions, TestOptions } from "./types.ts";
export { type RunningEnvironment, startEnvironment } from "./up.ts";
export { attachVm, machinePlaces, serveVm } from "../../qemu/index.ts";
export type { RemoteVm, Vm, VmEngine, VmInfo } from "../../qemu/index.ts";
