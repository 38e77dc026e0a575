import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Crc64 } from "../../../qemu/image/assets/build/docker-store/crc64.ts";
import { LayerStream, type TarSplitEntry } from "../../../qemu/image/assets/build/docker-store/layerStream.ts";
import { type ImageSpec, layerDir, planStore, tarSplitPath } from "../../../qemu/image/assets/build/docker-store/layout.ts";

const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

describe("CRC-64", () => {
  it("gives the check value of the catalogue", () => {
    const crc = new Crc64();
    crc.update(Buffer.from("1234"));
    crc.update(Buffer.from("56789"));
    expect(crc.digest().toString("hex")).toBe("b90956c775a41001");
  });
});

/** A GNU tar entry; `size` is taken from the body. */
function tarEntry(name: string, type: string, body: string | Buffer = ""): Buffer {
  const bytes = Buffer.from(body);
  const header = Buffer.alloc(512);
  header.write(name.slice(0, 100), 0);
  header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write(type, 156);
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

const LONG = `usr/${"deep/".repeat(30)}file`;
const FILES: Record<string, string> = { "etc/a": "hello", [LONG]: "x".repeat(1500) };
const TAR = Buffer.concat([
  tarEntry("etc/", "5"),
  tarEntry("etc/a", "0", FILES["etc/a"]),
  tarEntry("etc/empty", "0"),
  tarEntry("etc/link", "2"),
  tarEntry("././@LongLink", "L", `${LONG}\0`),
  tarEntry(LONG, "0", FILES[LONG]),
  Buffer.alloc(1024),
]);

function measure(chunkBytes: number): { entries: TarSplitEntry[]; facts: { diffId: string; sizeBytes: number } } {
  const entries: TarSplitEntry[] = [];
  const stream = new LayerStream((entry) => entries.push(entry));
  for (let at = 0; at < TAR.length; at += chunkBytes) stream.update(TAR.subarray(at, at + chunkBytes));
  return { facts: stream.finish(), entries };
}

describe("LayerStream", () => {
  it.each([1, 7, 512, 100_000])("knows digest, size and files of a tar that comes in chunks of %i bytes", (chunkBytes) => {
    const { facts, entries } = measure(chunkBytes);
    expect(facts).toEqual({ diffId: `sha256:${sha256(TAR)}`, sizeBytes: 1505 });
    expect(entries.flatMap((entry) => (entry.type === 1 ? [entry.name] : []))).toEqual(["etc/", "etc/a", "etc/empty", "etc/link", LONG]);
    expect(entries.map((entry) => entry.position)).toEqual(entries.map((_, index) => index));
  });

  it("writes entries from which the tar can be put together again", () => {
    const parts = measure(512).entries.map((entry) =>
      entry.type === 2 ? Buffer.from(entry.payload, "base64") : Buffer.from(entry.size ? (FILES[entry.name] ?? "?") : ""),
    );
    expect(Buffer.concat(parts).equals(TAR)).toBe(true);
  });

  it("refuses a tar that is cut off", () => {
    const stream = new LayerStream(() => undefined);
    stream.update(TAR.subarray(0, 700));
    expect(() => stream.finish()).toThrow(/middle of an entry/);
  });
});

describe("planStore", () => {
  const images: ImageSpec[] = [
    { name: "spectest/debian:13", layers: ["debian"], config: { Cmd: ["bash"] } },
    { name: "spectest/node:24", layers: ["debian", "node"], config: { Path: ["/opt/bin"] } },
  ];
  const facts = new Map([
    ["debian", { diffId: `sha256:${"a".repeat(64)}`, sizeBytes: 10 }],
    ["node", { diffId: `sha256:${"b".repeat(64)}`, sizeBytes: 20 }],
  ]);
  const plan = planStore(images, facts, "2026-01-01T00:00:00.000Z");
  const text = (path: string): string => plan.files.get(path) ?? `no ${path}`;
  const [debian, node] = plan.layers;
  if (!debian || !node) throw new Error("two layers were planned for");

  it("shares the layer two images begin with", () => {
    expect(plan.layers.map((layer) => layer.name)).toEqual(["debian", "node"]);
  });

  it("chains layer ids as Docker does", () => {
    expect(debian.chainId).toBe(`sha256:${"a".repeat(64)}`);
    expect(node.chainId).toBe(`sha256:${sha256(`sha256:${"a".repeat(64)} sha256:${"b".repeat(64)}`)}`);
  });

  it("tells the layer store what it looks for", () => {
    const dir = tarSplitPath(node).replace("/tar-split.json.gz", "");
    expect(dir).toBe(`image/overlay2/layerdb/sha256/${node.chainId.slice(7)}`);
    expect(["cache-id", "diff", "size", "parent"].map((name) => text(`${dir}/${name}`))).toEqual([
      node.cacheId,
      `sha256:${"b".repeat(64)}`,
      "20",
      debian.chainId,
    ]);
  });

  it("points an upper layer's directory at the lower ones by their short names", () => {
    expect(text(`${layerDir(node)}/lower`)).toBe(`l/${debian.link}`);
    expect(plan.files.has(`${layerDir(debian)}/lower`)).toBe(false);
    expect(debian.link).toMatch(/^[A-Z2-7]{26}$/);
    expect(debian.link).not.toBe(node.link);
  });

  it("names images by the digest of their configuration", () => {
    const { Repositories: repositories } = JSON.parse(text("image/overlay2/repositories.json"));
    const id = repositories["spectest/node"]["spectest/node:24"];
    const config = text(`image/overlay2/imagedb/content/sha256/${id.slice(7)}`);
    expect(`sha256:${sha256(config)}`).toBe(id);
    expect(JSON.parse(config).rootfs.diff_ids).toEqual([`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`]);
    expect(JSON.parse(config).config.Env[0]).toMatch(/^PATH=\/opt\/bin:\/usr\/local\/sbin:/);
  });

  it("refuses an image with a layer nobody measured", () => {
    expect(() => planStore([{ name: "x:1", layers: ["nope"], config: {} }], facts, "")).toThrow(/nope/);
  });
});
