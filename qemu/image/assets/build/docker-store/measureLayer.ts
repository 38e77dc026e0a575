// Reads a layer's tar from standard input; writes LAYER.json (its facts) and LAYER.tar-split.json.gz.
// Usage: node measureLayer.ts LAYER-PATH <tar
import { once } from "node:events";
import { createWriteStream, writeFileSync } from "node:fs";
import { createGzip } from "node:zlib";
import { LayerStream } from "./layerStream.ts";

const [layerPath] = process.argv.slice(2);
if (!layerPath) throw new Error("usage: measureLayer.ts LAYER-PATH");

const gzip = createGzip({ level: 6 });
const file = gzip.pipe(createWriteStream(`${layerPath}.tar-split.json.gz`));
const layer = new LayerStream((entry) => gzip.write(`${JSON.stringify(entry)}\n`));
for await (const chunk of process.stdin) {
  if (!(chunk instanceof Uint8Array)) throw new Error("standard input is not binary");
  layer.update(chunk);
  if (gzip.writableNeedDrain) await once(gzip, "drain");
}
const facts = layer.finish();
gzip.end();
await once(file, "close");
writeFileSync(`${layerPath}.json`, JSON.stringify(facts));
