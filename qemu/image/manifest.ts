import { stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { hashOf, readTextIfExists } from "../../src/platform/index.ts";
import type { ImageInfo } from "../types.ts";
import { FORMAT_VERSION } from "./inputs.ts";

export const FILES = { disk: "disk.raw", kernel: "vmlinuz", initrd: "initrd.img", manifest: "manifest.json" } as const;

const fileSchema = z.object({
  sizeBytes: z.number(),
  /** Of the disk: `sparseSha256`. */
  sha256: z.string(),
});

const manifestSchema = z.object({
  formatVersion: z.literal(FORMAT_VERSION),
  /** Names the image and its directory; of the contents, so two builds of the same inputs differ in it. */
  digest: z.string(),
  /** `inputsDigest` of what it was built from. */
  inputs: z.string(),
  createdAt: z.string(),
  suite: z.string(),
  nodeVersion: z.string(),
  architecture: z.string(),
  files: z.object({ disk: fileSchema, kernel: fileSchema, initrd: fileSchema }),
});

export type ImageFile = z.infer<typeof fileSchema>;

/** What manifest.json of an image says. Written last: a directory without it is no image. */
export type ImageManifest = z.infer<typeof manifestSchema>;

export function contentDigest(inputs: string, { disk, kernel, initrd }: ImageManifest["files"]): string {
  return hashOf("image", inputs, disk.sha256, kernel.sha256, initrd.sha256);
}

/** The image in a directory, or undefined when there is none that this version can use: no manifest, another format, a file of the wrong size. */
export async function readImage(dir: string): Promise<{ info: ImageInfo; manifest: ImageManifest } | undefined> {
  const manifest = parseManifest(await readTextIfExists(join(dir, FILES.manifest)));
  if (!manifest) return undefined;
  const info: ImageInfo = {
    digest: manifest.digest,
    dir,
    diskPath: join(dir, FILES.disk),
    kernelPath: join(dir, FILES.kernel),
    initrdPath: join(dir, FILES.initrd),
    sizeBytes: 0,
    createdAt: manifest.createdAt,
  };
  for (const [path, expected] of imageFiles(info, manifest)) {
    const found = await stat(path).catch(() => undefined);
    if (found?.size !== expected.sizeBytes) return undefined;
    info.sizeBytes += found.blocks * 512;
  }
  return { info, manifest };
}

export function imageFiles(info: ImageInfo, { files }: ImageManifest): [string, ImageFile][] {
  return [
    [info.diskPath, files.disk],
    [info.kernelPath, files.kernel],
    [info.initrdPath, files.initrd],
  ];
}

function parseManifest(text: string | undefined): ImageManifest | undefined {
  if (text === undefined) return undefined;
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
