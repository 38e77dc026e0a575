// Moves measured layers into Docker's data directory and writes what names them.
// Usage: node writeStore.ts LAYERS-DIR DOCKER-DIR IMAGES.json
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type ImageSpec, layerDir, planStore, tarSplitPath } from "./layout.ts";
import type { LayerFacts } from "./layerStream.ts";

const [layersDir, dockerDir, imagesPath] = process.argv.slice(2);
if (!layersDir || !dockerDir || !imagesPath) throw new Error("usage: writeStore.ts LAYERS-DIR DOCKER-DIR IMAGES.json");

const images: ImageSpec[] = JSON.parse(readFileSync(imagesPath, "utf8"));
const names = new Set(images.flatMap((image) => image.layers));
const facts = new Map<string, LayerFacts>();
for (const name of names) facts.set(name, JSON.parse(readFileSync(join(layersDir, `${name}.json`), "utf8")));

const plan = planStore(images, facts, new Date().toISOString());
for (const dir of ["image/overlay2/layerdb/tmp", "image/overlay2/distribution", "overlay2/l"]) makeDir(join(dockerDir, dir), 0o700);
for (const [path, text] of plan.files) {
  makeDir(join(dockerDir, dirname(path)), 0o700);
  writeFileSync(join(dockerDir, path), text, { mode: 0o600 });
}
for (const layer of plan.layers) {
  const dir = join(dockerDir, layerDir(layer));
  renameSync(join(layersDir, layer.name), join(dir, "diff"));
  if (layer.parent) makeDir(join(dir, "work"), 0o700);
  symlinkSync(`../${layer.cacheId}/diff`, join(dockerDir, "overlay2/l", layer.link));
  renameSync(join(layersDir, `${layer.name}.tar-split.json.gz`), join(dockerDir, tarSplitPath(layer)));
}

function makeDir(path: string, mode: number): void {
  mkdirSync(path, { recursive: true, mode });
}
