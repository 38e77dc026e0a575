/** From a service's spec to what Docker's API wants. Pure. */
import type { ContainerCreateOptions } from "dockerode";
import { type ContainerOptions, NETWORK_NAME } from "./types.ts";

/**
 * A flow that a fork broke (its peer was outside the machine) is given up after about 20 s instead of 15 minutes.
 * Six retries, because connections inside the guest must survive a pause.
 */
const SYSCTLS = { "net.ipv4.tcp_retries2": "6" };

export function toCreateOptions(options: ContainerOptions): ContainerCreateOptions {
  const { spec } = options;
  return {
    name: options.name,
    Hostname: options.name,
    Image: options.image,
    Env: Object.entries({ ...options.baseEnv, ...spec.env }).map(([key, value]) => `${key}=${value}`),
    Labels: { "spectest.service": options.name },
    ...(spec.workdir === undefined ? {} : { WorkingDir: spec.workdir }),
    // An entrypoint given as [""] or left out keeps the image's; a command replaces it and clears CMD.
    ...(spec.command === undefined ? {} : { Entrypoint: ["sh", "-c", spec.command], Cmd: [] }),
    ...(spec.args === undefined ? {} : { Cmd: spec.args }),
    HostConfig: {
      NetworkMode: NETWORK_NAME,
      RestartPolicy: { Name: "no" },
      Privileged: spec.privileged ?? false,
      Sysctls: SYSCTLS,
      Binds: options.mounts.map((mount) => `${mount.source}:${mount.target}${mount.readOnly ? ":ro" : ""}`),
      ExtraHosts: options.extraHosts.map(({ hostname, address }) => `${hostname}:${address}`),
      Dns: options.dns,
      ...(spec.tmpfs === undefined ? {} : { Tmpfs: Object.fromEntries(spec.tmpfs.map(splitTmpfs)) }),
      ...(spec.cgroupns === undefined ? {} : { CgroupnsMode: spec.cgroupns }),
    },
    NetworkingConfig: { EndpointsConfig: { [NETWORK_NAME]: { Aliases: options.aliases } } },
  };
}

/** "/tmp" or "/tmp:size=64m". */
function splitTmpfs(entry: string): [string, string] {
  const colon = entry.indexOf(":");
  return colon < 0 ? [entry, ""] : [entry.slice(0, colon), entry.slice(colon + 1)];
}
