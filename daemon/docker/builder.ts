/** Dockerfile builds by BuildKit, through the buildx program: Docker's own API would need a gRPC session. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SpectestError } from "../../src/errors/index.ts";
import { type BuildStep, createBuildProgress, createRawJsonReader } from "./buildProgress.ts";

export interface BuildRequest {
  /** The Dockerfile's text. */
  content: string;
  ignoreFile: string;
  tag: string;
  contextDir: string;
  onDetail(detail: string): void;
  signal: AbortSignal;
}
export interface BuildResult {
  slowestSteps: BuildStep[];
}
export type Builder = (request: BuildRequest) => Promise<BuildResult>;

const BUILDX_PATHS = [
  "/usr/libexec/docker/cli-plugins/docker-buildx",
  "/usr/lib/docker/cli-plugins/docker-buildx",
  "/usr/local/lib/docker/cli-plugins/docker-buildx",
];

export function createBuilder(dockerSocket: string, scratchDir: string): Builder {
  let builds = 0;
  return async (request) => {
    const dir = join(scratchDir, `build-${++builds}`);
    const dockerfile = join(dir, "Dockerfile");
    await mkdir(dir, { recursive: true });
    await writeFile(dockerfile, request.content);
    // BuildKit prefers an ignore file beside the Dockerfile to the context's own.
    await writeFile(`${dockerfile}.dockerignore`, request.ignoreFile);
    return await runBuildx(request, dockerfile, dockerSocket, scratchDir);
  };
}

function runBuildx(request: BuildRequest, dockerfile: string, dockerSocket: string, scratchDir: string): Promise<BuildResult> {
  const buildx = BUILDX_PATHS.find((path) => existsSync(path));
  if (buildx === undefined) throw new SpectestError("SERVICE_FAILED", { what: "Dockerfile images need docker-buildx in the guest" });
  const args = ["build", "--progress=rawjson", "--provenance=false", "--load", "-f", dockerfile, "-t", request.tag, request.contextDir];
  const child = spawn(buildx, args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...process.env,
      DOCKER_HOST: `unix://${dockerSocket}`,
      BUILDX_CONFIG: join(scratchDir, "buildx"),
      BUILDX_BUILDER: "default",
      DOCKER_CONFIG: join(scratchDir, "docker-config"),
    },
  });
  const read = createRawJsonReader();
  const progress = createBuildProgress();
  const words: string[] = [];
  child.stderr.setEncoding("utf8");
  child.stderr.on("data", (text: string) => {
    const { progress: items, other } = read(text);
    words.push(...other);
    for (const item of items) {
      const detail = progress.add(item);
      if (detail !== undefined) request.onDetail(detail);
    }
  });
  const stop = (): void => {
    child.kill("SIGTERM");
  };
  request.signal.addEventListener("abort", stop, { once: true });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      request.signal.removeEventListener("abort", stop);
      if (code === 0) resolve({ slowestSteps: progress.slowestSteps() });
      else if (request.signal.aborted) reject(new SpectestError("CANCELLED", { what: "the build was cancelled" }));
      else reject(buildError(progress.failure(), words, code));
    });
  });
}

function buildError(
  failure: { title: string; error: string; logTail: string[] } | undefined,
  words: readonly string[],
  code: number | null,
): SpectestError {
  if (!failure) {
    const last = words.filter((line) => line.startsWith("ERROR")).at(-1) ?? words.at(-1) ?? `exit code ${code}`;
    return new SpectestError("SERVICE_FAILED", { what: `the image build failed: ${last}`, value: { logTail: words.slice(-200) } });
  }
  return new SpectestError("SERVICE_FAILED", {
    what: `the image build failed at ${failure.title}: ${failure.error}`,
    value: { logTail: failure.logTail },
  });
}
