import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { SpectestError } from "../../src/errors/index.ts";

/** Files that go into an image or build it: `qemu/image/assets` of this package, from the sources as from a bundle. */
export function findAssetsDir(from: string = import.meta.dirname): string {
  for (let dir = from; ; dir = dirname(dir)) {
    const assets = join(dir, "qemu", "image", "assets");
    if (existsSync(join(assets, "build", "build.sh"))) return assets;
    if (dirname(dir) === dir) throw new SpectestError("INTERNAL", { what: `the files of the guest image were not found above ${from}` });
  }
}
