import type { HomePaths } from "./homePaths.ts";
import type { DiskSnapshotStore } from "./snapshot/store.ts";
import type { HostFacts, ImageInfo } from "./types.ts";

/** What every part of one engine shares. */
export interface EngineContext {
  paths: HomePaths;
  host: HostFacts;
  store: DiskSnapshotStore;
  imageOf: (digest: string) => Promise<ImageInfo>;
  /** Runs work that nobody waits for; the engine waits for it before it closes. */
  aside: (work: Promise<unknown>) => void;
}
