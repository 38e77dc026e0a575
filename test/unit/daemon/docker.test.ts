import { expect, test } from "vitest";
import { createBuildProgress, createRawJsonReader } from "../../../daemon/docker/buildProgress.ts";
import { toCreateOptions } from "../../../daemon/docker/createOptions.ts";
import { demux } from "../../../daemon/docker/demux.ts";
import { renderIgnoreFile } from "../../../daemon/docker/ignore.ts";
import { createImageStore, createQueue, type ImageRequest } from "../../../daemon/docker/images.ts";
import { withMirror } from "../../../daemon/docker/mirror.ts";
import { createPullCounter, withTag } from "../../../daemon/docker/pull.ts";
import type { ImageSpec, ServiceSpec } from "../../../src/protocol/index.ts";
import { createFakeDocker } from "../../contract/guest/fakeDocker.ts";

test("the ignore file leaves out the author's files and the union of all excludes, once", () => {
  const lines = renderIgnoreFile([["assets", "*.mp4"], undefined, ["assets"]])
    .trimEnd()
    .split("\n");
  expect(lines).toEqual(
    expect.arrayContaining([
      "**/.git",
      "**/node_modules",
      "**/.env.*",
      "**/.DS_Store",
      "spectest",
      "dist",
      "build",
      "target",
      "assets",
      "*.mp4",
    ]),
  );
  expect(lines.filter((line) => line === "assets")).toHaveLength(1);
});

const options = (spec: Partial<ServiceSpec>) =>
  toCreateOptions({
    name: "api",
    image: "img",
    spec: { image: { type: "registry", reference: "img" }, ...spec },
    aliases: ["api", "api.internal"],
    mounts: [{ source: "/a", target: "/b", readOnly: true }],
    extraHosts: [{ hostname: "shop.test", address: "10.0.0.1" }],
    baseEnv: { SSL_CERT_FILE: "ours", A: "base" },
    dns: ["10.0.0.1"],
  });

test("a command replaces the entrypoint through sh; args keep it and replace CMD", () => {
  expect(options({ command: "a && b" })).toMatchObject({ Entrypoint: ["sh", "-c", "a && b"], Cmd: [] });
  expect(options({ args: ["x"] })).toMatchObject({ Cmd: ["x"] });
  expect(options({ args: ["x"] }).Entrypoint).toBeUndefined();
  expect(options({})).not.toHaveProperty("Cmd");
});

test("container options carry network names, mounts, the bounded retransmission, and the author's environment last", () => {
  const made = options({ env: { A: "own" }, tmpfs: ["/tmp", "/run:size=1m"], cgroupns: "host", privileged: true, workdir: "/w" });
  expect(made.Env).toEqual(["SSL_CERT_FILE=ours", "A=own"]);
  expect(made.HostConfig).toMatchObject({
    NetworkMode: "spectest-net",
    RestartPolicy: { Name: "no" },
    Sysctls: { "net.ipv4.tcp_retries2": "6" },
    Binds: ["/a:/b:ro"],
    ExtraHosts: ["shop.test:10.0.0.1"],
    Tmpfs: { "/tmp": "", "/run": "size=1m" },
    CgroupnsMode: "host",
    Privileged: true,
  });
  expect(made.WorkingDir).toBe("/w");
  expect(made.NetworkingConfig?.EndpointsConfig?.["spectest-net"]).toMatchObject({ Aliases: ["api", "api.internal"] });
});

test("multiplexed output is taken apart at any split", async () => {
  const frame = (stream: number, text: string): Buffer =>
    Buffer.concat([Uint8Array.of(stream, 0, 0, 0, 0, 0, 0, text.length), Buffer.from(text)]);
  const wire = Buffer.concat([frame(1, "hello"), frame(2, "oops"), frame(1, "")]);
  for (const size of [1, 3, 7, 100]) {
    async function* chunks(): AsyncGenerator<Buffer> {
      for (let at = 0; at < wire.length; at += size) yield wire.subarray(at, at + size);
    }
    const seen: string[] = [];
    for await (const { stream, data } of demux(chunks())) seen.push(`${stream} ${data.toString()}`);
    expect(seen).toEqual(["stdout hello", "stderr oops", "stdout "]);
  }
});

test("a pull counts layers; a reference without a tag means latest", () => {
  const count = createPullCounter();
  expect(count({ status: "Pulling from library/x", id: "latest" })).toBeUndefined();
  expect(count({ status: "Pulling fs layer", id: "a" })).toBe("0/1 layers");
  expect(count({ status: "Already exists", id: "b" })).toBe("1/2 layers");
  expect(count({ status: "Downloading", id: "a" })).toBeUndefined();
  expect(count({ status: "Pull complete", id: "a" })).toBe("2/2 layers");
  expect([withTag("redis"), withTag("host:5000/redis"), withTag("redis:8"), withTag("redis@sha256:1")]).toEqual([
    "redis:latest",
    "host:5000/redis:latest",
    "redis:8",
    "redis@sha256:1",
  ]);
});

test("build progress shows the running step, keeps the slowest, and names what failed", () => {
  const read = createRawJsonReader();
  const progress = createBuildProgress();
  const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString();
  const feed = (value: object): (string | undefined)[] => {
    const pretty = `${JSON.stringify(value, undefined, 2)}\n`;
    return [...read(pretty.slice(0, 9)).progress, ...read(pretty.slice(9)).progress].map((item) => progress.add(item));
  };
  expect(feed({ vertexes: [{ digest: "i", name: "[internal] load", started: at(0) }] })).toEqual([undefined]);
  expect(feed({ vertexes: [{ digest: "a", name: "[2/4] RUN npm ci", started: at(0) }] })).toEqual(["step 2/4 RUN npm ci"]);
  expect(feed({ vertexes: [{ digest: "a", name: "[2/4] RUN npm ci", started: at(0), completed: at(7) }] })).toEqual([undefined]);
  expect(feed({ vertexes: [{ digest: "b", name: "[build 3/4] RUN make", started: at(7), completed: at(7), cached: true }] })).toEqual([
    undefined,
  ]);
  feed({ vertexes: [{ digest: "c", name: "[4/4] RUN false", started: at(7), completed: at(9), error: "exit code: 1" }] });
  feed({ logs: [{ vertex: "c", data: Buffer.from("no\nway\n").toString("base64") }] });
  expect(progress.slowestSteps()).toEqual([
    { title: "step 2/4 RUN npm ci", durationMs: 7000, cached: false },
    { title: "step 4/4 RUN false", durationMs: 2000, cached: false },
  ]);
  expect(progress.failure()).toEqual({ title: "step 4/4 RUN false", error: "exit code: 1", logTail: ["no", "way"] });
  expect(createRawJsonReader()("ERROR: x\n").other).toEqual(["ERROR: x"]);
});

test("equal Dockerfiles are built once and tagged; different ones one at a time; a failed build fails every sharer", async () => {
  const docker = createFakeDocker([]);
  const tags: string[] = [];
  docker.tag = async (source, target) => void tags.push(`${source} ${target}`);
  let running = 0;
  let most = 0;
  const built: string[] = [];
  const store = createImageStore({
    docker,
    contextDir: "/w",
    excludes: [],
    buildQueue: createQueue(),
    build: async ({ tag, content }) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      built.push(tag);
      if (content === "bad") throw new Error("no such instruction");
      return { slowestSteps: [] };
    },
  });
  const ask = (service: string, content: string) => store.prepare(request(service, { type: "dockerfile", content }));
  const results = await Promise.allSettled([ask("a", "one"), ask("b", "one"), ask("c", "two"), ask("d", "bad"), ask("e", "bad")]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled", "rejected", "rejected"]);
  expect(built).toEqual(["spectest-built/a:latest", "spectest-built/c:latest", "spectest-built/d:latest"]);
  expect(tags).toEqual(["spectest-built/a:latest spectest-built/b:latest"]);
  expect(most).toBe(1);
});

test("images of the guest are never pulled; others are, and a copy that is here serves when that fails", async () => {
  const docker = createFakeDocker(["spectest/redis:8", "nginx:latest"]);
  const store = createImageStore({
    docker,
    contextDir: "/w",
    excludes: [],
    buildQueue: createQueue(),
    build: async () => ({ slowestSteps: [] }),
  });
  const warnings: string[] = [];
  const ask = (reference: string) =>
    store.prepare({ ...request("x", { type: "registry", reference }), onWarning: (text) => warnings.push(text) });
  expect((await ask("spectest/redis:8")).reference).toBe("spectest/redis:8");
  expect(docker.pulled).toEqual([]);
  expect((await ask("nginx")).reference).toBe("nginx:latest");
  expect(warnings[0]).toContain("nginx could not be pulled (no registry here)");
  await expect(ask("spectest/none:1")).rejects.toMatchObject({
    code: "SERVICE_FAILED",
    hint: expect.stringContaining("spectest image ls"),
  });
  await expect(ask("missing:1")).rejects.toThrow("the image missing:1 could not be pulled: no registry here");
});

test("a mirror joins Docker's settings and leaves the rest", () => {
  expect(JSON.parse(withMirror('{"storage-driver":"overlay2"}', "http://10.0.2.2:5000"))).toEqual({
    "storage-driver": "overlay2",
    "registry-mirrors": ["http://10.0.2.2:5000"],
    "insecure-registries": ["10.0.2.2:5000"],
  });
});

function request(service: string, image: ImageSpec): ImageRequest {
  return { service, image, onState: () => {}, onWarning: () => {}, signal: new AbortController().signal };
}
