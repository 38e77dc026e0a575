import { join } from "node:path";

/** Every path below the state directory, named once. Instance and snapshot directories lie equally deep: disks refer to each other by relative paths. */
export interface HomePaths {
  root: string;
  marker: string;
  hostFile: string;
  images: string;
  vms: string;
  snapshots: string;
  keys: string;
  locks: string;
  tmp: string;
}

export function homePaths(root: string): HomePaths {
  return {
    root,
    marker: join(root, ".spectest-home"),
    hostFile: join(root, "host.json"),
    images: join(root, "images"),
    vms: join(root, "vms"),
    snapshots: join(root, "snapshots"),
    keys: join(root, "snapshot-keys"),
    locks: join(root, "locks"),
    tmp: join(root, "tmp"),
  };
}
