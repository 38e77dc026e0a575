import { mkdir, mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { carriedAptOptions, debianSources } from "../../../qemu/image/aptSettings.ts";
import { BuildOutput } from "../../../qemu/image/buildOutput.ts";
import { chunkOffsets } from "../../../qemu/image/checksum.ts";
import { inputsDigest } from "../../../qemu/image/inputs.ts";
import { findByInputs, listImages } from "../../../qemu/image/listing.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "spectest-image-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe("inputsDigest", () => {
  it("depends on names and contents of the assets only", async () => {
    await mkdir(join(dir, "a/b"), { recursive: true });
    await writeFile(join(dir, "a/b/init"), "one");
    const first = await inputsDigest(join(dir, "a"));
    await mkdir(join(dir, "c"));
    await mkdir(join(dir, "c/b"));
    await writeFile(join(dir, "c/b/init"), "one");
    expect(await inputsDigest(join(dir, "c"))).toBe(first);
    await writeFile(join(dir, "c/b/init"), "two");
    expect(await inputsDigest(join(dir, "c"))).not.toBe(first);
  });
});

describe("debianSources", () => {
  const keyring = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]";

  it("takes the mirrors of a Debian host for the guest's release", () => {
    const targets = [
      "http://extra.example/apt stable-thing main",
      "http://mirror.example/debian bookworm main",
      "http://mirror.example/debian bookworm-backports main",
      "http://security.example/debian-security bookworm-security main",
    ];
    expect(debianSources(targets.join("\n"))).toEqual([
      `deb ${keyring} http://mirror.example/debian trixie main`,
      `deb ${keyring} http://mirror.example/debian trixie-updates main`,
      `deb ${keyring} http://security.example/debian-security trixie-security main`,
    ]);
  });

  it("leaves the choice to mmdebstrap where the host has no Debian archive", () => {
    expect(debianSources("http://archive.example/ubuntu noble main\nhttp://archive.example/ubuntu noble-security main")).toEqual([]);
  });

  it("obeys an override, with and without a security archive", () => {
    expect(debianSources("", "http://a.example/debian")).toHaveLength(2);
    expect(debianSources("", "http://a.example/debian http://a.example/security")[2]).toBe(
      `deb ${keyring} http://a.example/security trixie-security main`,
    );
  });
});

describe("carriedAptOptions", () => {
  it("keeps how to reach a mirror and drops the rest", () => {
    const dump = [
      'Acquire "";',
      'Acquire::http "";',
      'Acquire::http::Proxy "http://proxy.example:3128";',
      'Acquire::Check-Date "false";',
      'Acquire::IndexTargets::deb::Packages::MetaKey "x";',
      'Acquire::GzipIndexes "true";',
      'Dir "/";',
    ];
    expect(carriedAptOptions(dump.join("\n"))).toEqual([dump[2], dump[3]]);
  });
});

describe("BuildOutput", () => {
  it("reads phases, downloads and packages, and nothing else", () => {
    const output = new BuildOutput();
    expect(output.read("::phase packages installing the base system")).toMatchObject({
      phase: "packages",
      detail: "installing the base system",
    });
    expect(output.read("Get:3 http://m.example/debian trixie/main amd64 redis-server amd64 5:8.0.2-3 [67.4 kB]")).toEqual({
      phase: "packages",
      detail: "downloading redis-server (67.4 kB)",
    });
    expect(output.read("Setting up libc6:amd64 (2.41-12) ...")).toEqual({ phase: "packages", detail: "setting up libc6" });
    expect(output.read("I: downloading packages with apt...")).toEqual({ phase: "packages", detail: "downloading packages with apt" });
    expect(output.read("debconf: delaying package configuration")).toBeUndefined();
  });
});

describe("chunkOffsets", () => {
  it("names every chunk an extent touches once", () => {
    const mib = 1024 * 1024;
    const extents = [
      { start: 10, length: 5 },
      { start: 100, length: mib },
      { start: 5 * mib, length: 1 },
    ];
    expect([...chunkOffsets(extents)]).toEqual([0, mib, 5 * mib]);
  });
});

describe("listing", () => {
  const digest = "d".repeat(64);

  async function writeImage(name: string, change: Record<string, unknown> = {}): Promise<string> {
    const image = join(dir, name);
    await mkdir(image);
    for (const file of ["disk.raw", "vmlinuz", "initrd.img"]) await writeFile(join(image, file), "data");
    const file = { sizeBytes: 4, sha256: "x" };
    const manifest = {
      formatVersion: 1,
      digest,
      inputs: "in",
      createdAt: "2026-01-01T00:00:00Z",
      suite: "trixie",
      nodeVersion: "24",
      architecture: "amd64",
      files: { disk: file, kernel: file, initrd: file },
      ...change,
    };
    await writeFile(join(image, "manifest.json"), JSON.stringify(manifest));
    return image;
  }

  it("finds a whole image by what it was built from", async () => {
    const image = await writeImage(digest);
    expect(await findByInputs(dir, "in")).toMatchObject({ digest, dir: image, kernelPath: join(image, "vmlinuz") });
    expect(await findByInputs(dir, "other")).toBeUndefined();
  });

  it("passes over what is not whole", async () => {
    const image = await writeImage(digest);
    await truncate(join(image, "disk.raw"), 3);
    expect(await listImages(dir)).toEqual([]);
    await writeFile(join(image, "disk.raw"), "data");
    await (await open(join(image, "manifest.json"), "w")).close();
    expect(await listImages(dir)).toEqual([]);
  });

  it("passes over another format, another name and directories of a build in progress", async () => {
    await writeImage(digest, { formatVersion: 2 });
    await writeImage("e".repeat(64));
    await writeImage(".tmp-1-x");
    expect(await listImages(dir)).toEqual([]);
  });

  it("knows no image where there is no directory", async () => {
    expect(await listImages(join(dir, "none"))).toEqual([]);
  });
});
