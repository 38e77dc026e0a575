/**
 * The guest's daemon.
 *
 *   node daemon.mjs --port /dev/virtio-ports/org.spectest.control --state /var/lib/spectest --digest HEX
 *
 * `--socket PATH` instead of `--port` serves on a Unix socket, for tests and development. `--docker-socket`,
 * `--host-entry`, `--hosts-file`, `--resolv-file` and `--identity-file` replace the guest's paths.
 */
import { mkdir } from "node:fs/promises";
import { parseArgs } from "node:util";
import { createHandlers } from "./api/handlers.ts";
import { createApiServer } from "./api/server.ts";
import { createDocker } from "./docker/engine.ts";
import { serve } from "./transport/serve.ts";
import { createWorld } from "./world.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string" },
    socket: { type: "string" },
    state: { type: "string", default: "/var/lib/spectest" },
    digest: { type: "string", default: "development" },
    "docker-socket": { type: "string", default: "/run/docker.sock" },
    "host-entry": { type: "string", default: new URL("./host.mjs", import.meta.url).pathname },
    "hosts-file": { type: "string" },
    "resolv-file": { type: "string" },
    "identity-file": { type: "string" },
  },
});

const listen = values.socket !== undefined ? { socket: values.socket } : { port: values.port ?? "/dev/virtio-ports/org.spectest.control" };
await mkdir(values.state, { recursive: true });
/** The guest's console is what remains when the channel does not work. */
const report = (error: unknown): void => {
  process.stderr.write(`daemon: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
};
process.on("unhandledRejection", report);
process.on("uncaughtException", report);

const world = createWorld({
  stateDir: values.state,
  digest: values.digest,
  docker: createDocker(values["docker-socket"]),
  dockerSocket: values["docker-socket"],
  hostEntry: values["host-entry"],
  warmUp: "port" in listen,
  onWarning: report,
  ...(values["hosts-file"] === undefined ? {} : { hostsFile: values["hosts-file"] }),
  ...(values["resolv-file"] === undefined ? {} : { resolvFile: values["resolv-file"] }),
  ...(values["identity-file"] === undefined ? {} : { identityFile: values["identity-file"] }),
});

const server = createApiServer({
  handlers: createHandlers(world),
  resolveTunnel: async (host, port) => ({ host: world.names.resolve(host) ?? host, port }),
  onDefect: report,
});
const stop = await serve(server, listen);
process.stderr.write(`daemon: ready after ${Math.round(performance.now())} ms\n`);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    stop();
    world.close();
    process.exit(0);
  });
}
