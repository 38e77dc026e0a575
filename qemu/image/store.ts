import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { SpectestError } from "../../src/errors/index.ts";
import { homePaths } from "../homePaths.ts";
import type { ImageStore } from "../types.ts";
import { findAssetsDir } from "./assets.ts";
import { buildImage } from "./build.ts";
import { fileSha256, sparseSha256 } from "./checksum.ts";
import { inputsDigest } from "./inputs.ts";
import { findByInputs, listImages } from "./listing.ts";
import { imageFiles, readImage } from "./manifest.ts";

/**
 * The guest images below a state directory. `find` without a digest looks for what `build` would make from today's inputs.
 *
 * @example const image = (await createImageStore(home).find()) ?? (await createImageStore(home).build());
 */
export function createImageStore(home: string): ImageStore {
  const imagesDir = homePaths(home).images;
  return {
    build: (options = {}) => buildImage({ imagesDir, ...options }),
    async find(digest) {
      if (digest === undefined) return findByInputs(imagesDir, await inputsDigest(findAssetsDir()));
      return (await listImages(imagesDir)).find(({ info }) => info.digest === digest)?.info;
    },
    list: async () => (await listImages(imagesDir)).map(({ info }) => info),
    async remove(digest) {
      const image = (await listImages(imagesDir)).find(({ info }) => info.digest === digest)?.info;
      if (!image) throw new SpectestError("IMAGE_NOT_FOUND", { what: `there is no guest image ${digest}`, value: digest });
      // Renamed first, so that no half-removed image is ever found.
      const doomed = join(imagesDir, `.tmp-${process.pid}-${digest}`);
      await rename(image.dir, doomed);
      await rm(doomed, { recursive: true, force: true });
    },
  };
}

/**
 * Reads an image's files and compares their checksums; for what came from elsewhere or is under suspicion.
 *
 * @throws IMAGE_NOT_FOUND naming the first file that differs.
 */
export async function verifyImage(dir: string, signal?: AbortSignal): Promise<void> {
  const image = await readImage(dir);
  if (!image) throw new SpectestError("IMAGE_NOT_FOUND", { what: `${dir} holds no usable guest image`, value: dir });
  for (const [path, expected] of imageFiles(image.info, image.manifest)) {
    const actual = path === image.info.diskPath ? await sparseSha256(path, signal) : await fileSha256(path);
    if (actual !== expected.sha256)
      throw new SpectestError("IMAGE_NOT_FOUND", { what: `${path} is damaged: its checksum differs`, value: path });
  }
}
