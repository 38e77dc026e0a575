import { hashOf } from "../platform/index.ts";

/** Raised when what a layer contains changes without any of its inputs changing. */
const LAYER_FORMAT = "1";

/**
 * The key of each layer of state: a hash of its inputs and of its parent's key, so that a change
 * rebuilds what is below it and nothing else.
 */
export const layerKeys = {
  booted: (inputs: { imageDigest: string; accelerator: string; cpuModel: string; memoryMib: number; cpus: number }): string =>
    hashOf("booted", LAYER_FORMAT, inputs.imageDigest, inputs.accelerator, inputs.cpuModel, String(inputs.memoryMib), String(inputs.cpus)),
  base: (bootedKey: string, daemonDigest: string): string => hashOf("base", LAYER_FORMAT, bootedKey, daemonDigest),
  environment: (baseKey: string, bundleHash: string, workspaceHash: string): string =>
    hashOf("environment", LAYER_FORMAT, baseKey, bundleHash, workspaceHash),
  /** By the captured environment itself, not its key: one that was built anew has the same key and another state. */
  tests: (environmentSnapshotId: string, testsHash: string): string => hashOf("tests", LAYER_FORMAT, environmentSnapshotId, testsHash),
  testState: (runId: string, testId: string, attempt: number): string => hashOf("state", LAYER_FORMAT, runId, testId, String(attempt)),
};
