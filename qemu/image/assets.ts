import { join } from "node:path";
import { packageDir } from "../../src/platform/index.ts";

/** Files that go into an image or build it; they come with the package as they are. */
export function findAssetsDir(): string {
  return join(packageDir(), "qemu", "image", "assets");
}
