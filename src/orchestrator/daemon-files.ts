import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { GuestAgent } from "../../qemu/index.ts";
import { SpectestError } from "../errors/index.ts";
import { hashOf, packageDir } from "../platform/index.ts";

/** The guest programs of this build, and their digest. */
export interface DaemonFiles {
  digest: string;
  files: ReadonlyMap<string, Uint8Array>;
}

const CONTROL_PORT = "/dev/virtio-ports/org.spectest.control";
const GUEST_STATE = "/var/lib/spectest";

/** Reads what the build put into dist/guest. */
export async function readDaemonFiles(dir = join(packageDir(), "dist", "guest")): Promise<DaemonFiles> {
  let names: string[];
  try {
    names = (await readdir(dir, { recursive: true })).filter((name) => /\.(mjs|json)$/.test(name)).sort();
  } catch (error) {
    throw new SpectestError("INTERNAL", {
      what: `the guest programs are not built`,
      hint: "npm run build",
      cause: error,
    });
  }
  const files = new Map<string, Uint8Array>();
  for (const name of names) files.set(name, await readFile(join(dir, name)));
  return { digest: hashOf(...[...files].flatMap(([name, bytes]) => [name, bytes])), files };
}

/** Ships the daemon into a running guest and starts it: no new image, no boot. */
export async function deployDaemon(agent: GuestAgent, daemon: DaemonFiles): Promise<void> {
  const dir = `${GUEST_STATE}/daemon/${daemon.digest.slice(0, 16)}`;
  for (const [name, bytes] of daemon.files) await agent.writeFile(`${dir}/${name}`, bytes);
  await agent.spawn(
    ["/usr/local/bin/node", `${dir}/daemon.mjs`, "--port", CONTROL_PORT, "--state", GUEST_STATE, "--digest", daemon.digest],
    {
      log: "/var/log/spectest-daemon.log",
    },
  );
}
