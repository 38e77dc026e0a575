import { createHash } from "node:crypto";
import { posix } from "node:path";
import type { LayerFacts } from "./layerStream.ts";

/** One image of the list in containers/images.json. `Path` is put in front of the usual PATH. */
export interface ImageSpec {
  name: string;
  layers: string[];
  config: {
    Env?: string[];
    Path?: string[];
    Entrypoint?: string[];
    Cmd?: string[];
    ExposedPorts?: Record<string, object>;
    StopSignal?: string;
    WorkingDir?: string;
  };
}

/** A layer at one place of a chain. Docker names it by the chain, so the same tree below two parents would be two. */
export interface ChainedLayer {
  name: string;
  chainId: string;
  parent?: ChainedLayer;
  facts: LayerFacts;
  cacheId: string;
  /** Short name below overlay2/l, which keeps mount options short. */
  link: string;
}

export interface StoreLayout {
  layers: ChainedLayer[];
  /** Text files by path relative to Docker's data directory. */
  files: Map<string, string>;
}

const USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * What Docker's data directory (overlay2 driver) holds for these images, trees and tar-split files aside: those are moved
 * to `layerDir(layer)/diff` and `tarSplitPath(layer)`.
 */
export function planStore(images: readonly ImageSpec[], facts: ReadonlyMap<string, LayerFacts>, createdAt: string): StoreLayout {
  const layers = new Map<string, ChainedLayer>();
  const files = new Map<string, string>();
  const repositories: Record<string, Record<string, string>> = {};
  for (const image of images) {
    const chain = chainLayers(image, facts);
    for (const layer of chain) layers.set(layer.chainId, layers.get(layer.chainId) ?? layer);
    const config = imageConfig(image, chain, createdAt);
    const imageId = sha256(config);
    files.set(`image/overlay2/imagedb/content/sha256/${imageId}`, config);
    const repository = image.name.slice(0, image.name.lastIndexOf(":"));
    repositories[repository] = { ...repositories[repository], [image.name]: `sha256:${imageId}` };
  }
  files.set("image/overlay2/repositories.json", JSON.stringify({ Repositories: repositories }));
  for (const layer of layers.values()) for (const [path, text] of layerFiles(layer)) files.set(path, text);
  return { layers: [...layers.values()], files };
}

export function layerDir(layer: ChainedLayer): string {
  return `overlay2/${layer.cacheId}`;
}

export function tarSplitPath(layer: ChainedLayer): string {
  return posix.join(layerDbDir(layer), "tar-split.json.gz");
}

function layerDbDir(layer: ChainedLayer): string {
  return `image/overlay2/layerdb/sha256/${layer.chainId.slice("sha256:".length)}`;
}

function chainLayers(image: ImageSpec, facts: ReadonlyMap<string, LayerFacts>): ChainedLayer[] {
  const chain: ChainedLayer[] = [];
  for (const name of image.layers) {
    const own = facts.get(name);
    if (!own) throw new Error(`${image.name} needs the layer ${name}, which there is not`);
    const parent = chain.at(-1);
    const chainId = parent ? `sha256:${sha256(`${parent.chainId} ${own.diffId}`)}` : own.diffId;
    chain.push({
      name,
      chainId,
      facts: own,
      cacheId: sha256(`cache ${chainId}`),
      link: linkName(chainId),
      ...(parent === undefined ? {} : { parent }),
    });
  }
  return chain;
}

/** The image's configuration; its digest is the image's id, so the bytes matter. */
function imageConfig(image: ImageSpec, chain: readonly ChainedLayer[], createdAt: string): string {
  const { Path: path = [], Env: env = [], ...config } = image.config;
  return JSON.stringify({
    architecture: "amd64",
    config: { Env: [`PATH=${[...path, USUAL_PATH].join(":")}`, ...env], ...config },
    created: createdAt,
    history: chain.map((layer) => ({ created: createdAt, created_by: `spectest ${layer.name}` })),
    os: "linux",
    rootfs: { type: "layers", diff_ids: chain.map((layer) => layer.facts.diffId) },
  });
}

function* layerFiles(layer: ChainedLayer): Generator<[string, string]> {
  const db = layerDbDir(layer);
  yield [`${db}/cache-id`, layer.cacheId];
  yield [`${db}/diff`, layer.facts.diffId];
  yield [`${db}/size`, String(layer.facts.sizeBytes)];
  const dir = layerDir(layer);
  yield [`${dir}/link`, layer.link];
  yield [`${dir}/committed`, ""];
  if (!layer.parent) return;
  yield [`${db}/parent`, layer.parent.chainId];
  const lower: string[] = [];
  for (let below: ChainedLayer | undefined = layer.parent; below; below = below.parent) lower.push(`l/${below.link}`);
  yield [`${dir}/lower`, lower.join(":")];
}

/** 26 capital letters and digits, as Docker's own. */
function linkName(chainId: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const digest = createHash("sha256").update(`link ${chainId}`).digest();
  return Array.from(digest.subarray(0, 26), (byte) => alphabet[byte % 32]).join("");
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
