/** The real Docker, over its Unix socket. */
import Dockerode from "dockerode";
import { messageOf, SpectestError } from "../../src/errors/index.ts";
import { toCreateOptions } from "./createOptions.ts";
import { demux } from "./demux.ts";
import { startExec } from "./exec.ts";
import { followPull } from "./pull.ts";
import { type ContainerState, type Docker, type LogText, NETWORK_NAME, type Network, type Output } from "./types.ts";

export function createDocker(socketPath: string): Docker {
  const docker = new Dockerode({ socketPath });

  const remove = async (nameOrId: string): Promise<void> => {
    await ignoreMissing(docker.getContainer(nameOrId).remove({ force: true, v: true }));
  };
  const inspect = async (nameOrId: string): Promise<ContainerState | undefined> => {
    const found = await ignoreMissing(docker.getContainer(nameOrId).inspect());
    return found && toState(found);
  };

  return {
    network: () => ensureNetwork(docker),
    hasImage: async (reference) => (await ignoreMissing(docker.getImage(reference).inspect())) !== undefined,
    pull: (reference, onDetail, signal) => followPull(docker, reference, onDetail, signal),
    tag: async (source, target) => {
      const colon = target.lastIndexOf(":");
      await docker.getImage(source).tag({ repo: target.slice(0, colon), tag: target.slice(colon + 1) });
    },
    removeImage: async (reference) => {
      await ignoreMissing(docker.getImage(reference).remove());
    },
    exposedPorts: async (reference) => {
      const image = await ignoreMissing(docker.getImage(reference).inspect());
      const exposed = Object.keys(image?.Config.ExposedPorts ?? {});
      return exposed.filter((port) => port.endsWith("/tcp")).map((port) => Number.parseInt(port, 10));
    },
    start: async (options) => {
      const { name } = options;
      await remove(name);
      try {
        const container = await docker.createContainer(toCreateOptions(options));
        await container.start();
        return toState(await container.inspect());
      } catch (error) {
        await remove(name).catch(() => {});
        throw new SpectestError("SERVICE_FAILED", { what: `service ${name} could not be started: ${messageOf(error)}`, cause: error });
      }
    },
    inspect,
    remove,
    exec: (nameOrId, options) => startExec(docker, nameOrId, options),
    log: (nameOrId, tail) => readLog(docker, nameOrId, tail),
    followLog: (nameOrId, options, signal) => followLog(docker, nameOrId, options, signal),
    watchDeaths: (listener) => watchDeaths(docker, listener),
  };
}

async function ensureNetwork(docker: Dockerode): Promise<Network> {
  const existing = await ignoreMissing(docker.getNetwork(NETWORK_NAME).inspect());
  const network = existing ?? (await (await docker.createNetwork({ Name: NETWORK_NAME, Driver: "bridge" })).inspect());
  const gateway: unknown = network.IPAM?.Config?.[0]?.Gateway;
  if (typeof gateway !== "string") throw new SpectestError("INTERNAL", { what: `the network ${NETWORK_NAME} has no gateway` });
  return { gateway };
}

function toState(found: Dockerode.ContainerInspectInfo): ContainerState {
  return {
    id: found.Id,
    running: found.State.Running,
    exitCode: found.State.ExitCode,
    ip: found.NetworkSettings.Networks[NETWORK_NAME]?.IPAddress ?? "",
    startedAt: found.State.StartedAt,
    restarts: found.RestartCount,
  };
}

async function readLog(docker: Dockerode, nameOrId: string, tail: number): Promise<LogText> {
  const raw = await docker.getContainer(nameOrId).logs({ stdout: true, stderr: true, tail, follow: false });
  const text: LogText = { stdout: "", stderr: "" };
  for await (const { stream, data } of demux(one(raw))) text[stream] += data.toString("utf8");
  return text;
}

async function* followLog(
  docker: Dockerode,
  nameOrId: string,
  options: { tail: number | "all"; follow: boolean },
  signal: AbortSignal,
): AsyncGenerator<Output, void, undefined> {
  const tail = options.tail === "all" ? {} : { tail: options.tail };
  if (!options.follow) {
    const raw = await docker.getContainer(nameOrId).logs({ stdout: true, stderr: true, follow: false, ...tail });
    yield* demux(one(raw));
    return;
  }
  const stream = await docker.getContainer(nameOrId).logs({ stdout: true, stderr: true, follow: true, ...tail });
  const stop = (): void => {
    if ("destroy" in stream && typeof stream.destroy === "function") stream.destroy();
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    yield* demux(asIterable(stream));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

async function* one(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}

async function* asIterable(stream: NodeJS.ReadableStream): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) if (typeof chunk !== "string") yield chunk;
}

async function watchDeaths(
  docker: Dockerode,
  listener: (death: { id: string; name: string; exitCode: number }) => void,
): Promise<() => void> {
  const stream = await docker.getEvents({ filters: { type: ["container"], event: ["die"] } });
  let held = "";
  stream.on("data", (chunk: Buffer) => {
    held += chunk.toString("utf8");
    const lines = held.split("\n");
    held = lines.pop() ?? "";
    for (const line of lines) {
      const death = parseDeath(line);
      if (death) listener(death);
    }
  });
  stream.on("error", () => {});
  return () => {
    if ("destroy" in stream && typeof stream.destroy === "function") stream.destroy();
  };
}

function parseDeath(line: string): { id: string; name: string; exitCode: number } | undefined {
  if (line.trim() === "") return undefined;
  const event: { Actor?: { ID?: string; Attributes?: { name?: string; exitCode?: string } } } = JSON.parse(line);
  const { ID: id, Attributes } = event.Actor ?? {};
  return id === undefined ? undefined : { id, name: Attributes?.name ?? "", exitCode: Number(Attributes?.exitCode ?? 0) };
}

async function ignoreMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && "statusCode" in error && error.statusCode === 404) return undefined;
    throw error;
  }
}
