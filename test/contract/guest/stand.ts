/** A daemon with a fake Docker and a stand-in project host, on a Unix socket, and a client of it. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pack } from "tar-stream";
import { createHandlers } from "../../../daemon/api/handlers.ts";
import { createApiServer } from "../../../daemon/api/server.ts";
import { serve } from "../../../daemon/transport/serve.ts";
import { createWorld, type World } from "../../../daemon/world.ts";
import { connectGuest, type GuestClient } from "../../../src/guest/index.ts";
import { createFakeDocker, type FakeDocker } from "./fakeDocker.ts";

export interface Stand {
  guest: GuestClient;
  docker: FakeDocker;
  world: World;
  dir: string;
  ports: { http: number; https: number; service: number };
  defects: unknown[];
  connect(): Promise<GuestClient>;
  hosts(): Promise<string>;
  /** Everything the upstream service was asked. */
  asked: string[];
}

export const HASH = "0123456789abcdef";

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function openStand(release: (undo: () => Promise<void> | void) => void): Promise<Stand> {
  const dir = await mkdtemp(join(tmpdir(), "spectest-daemon-"));
  release(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, "hosts"), "127.0.0.1\tlocalhost\n");
  await writeFile(join(dir, "resolv.conf"), "nameserver 127.0.0.9\n");
  const asked: string[] = [];
  const upstream = createServer((request, response) => {
    asked.push(`${request.method} ${request.headers.host} ${request.url}`);
    response.end(`upstream ${request.url}`);
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  release(() => void upstream.close());
  const ports = { http: await freePort(), https: await freePort(), service: (upstream.address() as AddressInfo).port };
  const docker = createFakeDocker(["spectest/redis:8"]);
  const world = createWorld({
    stateDir: dir,
    digest: "abcd",
    docker,
    dockerSocket: "/nowhere",
    hostEntry: new URL("./standInHost.mjs", import.meta.url).pathname,
    hostsFile: join(dir, "hosts"),
    resolvFile: join(dir, "resolv.conf"),
    dnsPort: await freePort(),
    identityFile: join(dir, "identity.json"),
    ingressPorts: { http: ports.http, https: ports.https },
    build: async () => ({ slowestSteps: [] }),
    graceMs: 200,
  });
  release(() => world.close());
  const defects: unknown[] = [];
  const server = createApiServer({
    handlers: createHandlers(world),
    resolveTunnel: async (host, port) => ({ host: world.names.resolve(host) ?? host, port }),
    onDefect: (error) => defects.push(error),
  });
  const socket = join(dir, "control.sock");
  release(await serve(server, { socket }));
  const open = (): Promise<GuestClient> => connectGuest(connect(socket));
  const guest = await open();
  release(() => guest.close());
  return { guest, docker, world, dir, ports, defects, connect: open, hosts: () => readFile(join(dir, "hosts"), "utf8"), asked };
}

/** A bundle whose environment is this object. */
export function bundleOf(environment: object): Readable {
  const tar = pack();
  tar.entry({ name: "spectest/index.json" }, JSON.stringify(environment));
  tar.finalize();
  return Readable.from(tar);
}

export function shop(ports: Stand["ports"], more: object = {}): object {
  const image = { type: "registry", reference: "spectest/redis:8" };
  return {
    services: [
      { name: "cache", hasSetup: true, hasHelpers: false, spec: { image, readyCheck: { type: "tcp", port: ports.service } } },
      {
        name: "api",
        hasSetup: false,
        hasHelpers: false,
        spec: {
          image,
          dependsOn: ["cache"],
          hostnames: ["api.example"],
          readyCheck: { type: "http", port: ports.service, path: "/health" },
          tls: [{ hostname: "shop.test", port: ports.service }],
        },
      },
    ],
    fakes: [{ name: "stripe", hostnames: ["api.stripe.com"], port: ports.http, secretRefs: [] }],
    hasSetup: true,
    ...more,
  };
}
