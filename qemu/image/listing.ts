import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ImageInfo } from "../types.ts";
import { type ImageManifest, readImage } from "./manifest.ts";

export interface ListedImage {
  info: ImageInfo;
  manifest: ImageManifest;
}

/** The usable images of a directory, newest first. */
export async function listImages(imagesDir: string): Promise<ListedImage[]> {
  const names = await readdir(imagesDir).catch(() => []);
  const images: ListedImage[] = [];
  for (const name of names) {
    if (!/^[0-9a-f]{64}$/.test(name)) continue;
    const image = await readImage(join(imagesDir, name));
    if (image?.info.digest === name) images.push(image);
  }
  return images.sort((a, b) => b.info.createdAt.localeCompare(a.info.createdAt));
}

/** The newest image built from these inputs. */
export async function findByInputs(imagesDir: string, inputs: string): Promise<ImageInfo | undefined> {
  return (await listImages(imagesDir)).find(({ manifest }) => manifest.inputs === inputs)?.info;
}
