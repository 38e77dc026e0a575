/** Installing what is missing, with stand-ins for the programs that would change this host. */
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { installMissing } from "../../qemu/preflight/install.ts";
import type { HostSystem } from "../../qemu/preflight/system.ts";

const OS = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n';
const path = process.env.PATH;
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "spectest-preflight-"));
  for (const name of ["apt-get", "sh"]) {
    await writeFile(join(dir, name), `#!/bin/sh\necho "${name} $1" >>"${dir}/log"\n[ "$1" != update ] || : >"${dir}/lists"\n`);
    await chmod(join(dir, name), 0o755);
  }
  process.env.PATH = `${dir}:${path}`;
});
afterEach(async () => {
  process.env.PATH = path;
  await rm(dir, { recursive: true, force: true });
});

/** Debian 12 as root with nothing on it; apt names its sources only once their lists are there. */
function bareHost(): HostSystem {
  return {
    user: { name: "root", isRoot: true },
    env: {},
    findProgram: async (name) => (name === "apt-get" ? join(dir, name) : undefined),
    output: async (_program, args) => {
      const fetched = await stat(join(dir, "lists")).catch(() => undefined);
      return args[0] === "indextargets" && fetched ? "http://mirror.invalid/debian bookworm main\n" : "";
    },
    readText: async (file) => (file === "/etc/os-release" ? OS : undefined),
  };
}

it("fetches apt's lists first where there are none, so that the backports suite can be added for QEMU", async () => {
  const said: string[] = [];
  // Nothing really arrives, so the second look still finds it missing.
  await expect(installMissing({ system: bareHost(), onOutput: (line) => said.push(line) })).rejects.toMatchObject({ code: "HOST_MISSING" });
  expect(said.filter((line) => !line.startsWith("install"))).toEqual([
    "refresh the lists of packages",
    expect.stringContaining("add the suite bookworm-backports"),
    "refresh the lists of packages",
  ]);
  expect(said.at(-1)).toBe("install qemu-system-x86, qemu-utils from bookworm-backports");
  expect((await readFile(join(dir, "log"), "utf8")).split("\n")).toEqual([
    "apt-get update",
    "sh -c",
    "apt-get update",
    "apt-get install",
    "apt-get install",
    "",
  ]);
});
