import { access, constants } from "node:fs/promises";
import { userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { readTextIfExists, run } from "../../src/platform/index.ts";

/** What the checks ask of a host; tests hand in another. */
export interface HostSystem {
  user: { name: string; isRoot: boolean };
  env: Readonly<Record<string, string | undefined>>;
  /** The path of a program, or undefined. */
  findProgram(name: string): Promise<string | undefined>;
  /** What a program prints with `args`; empty when it fails. */
  output(path: string, args: readonly string[]): Promise<string>;
  readText(path: string): Promise<string | undefined>;
}

/** Where administrators' programs are, which an ordinary user's PATH leaves out on Debian. */
const SYSTEM_DIRS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

export function realHost(env: Readonly<Record<string, string | undefined>> = process.env): HostSystem {
  const { username, uid } = userInfo();
  return {
    user: { name: username, isRoot: uid === 0 },
    env,
    async findProgram(name) {
      if (name.includes("/")) return (await isExecutable(name)) ? name : undefined;
      const path = env.PATH ?? "";
      const dirs = path === "" ? [] : [...path.split(delimiter), ...SYSTEM_DIRS];
      for (const dir of dirs) if (await isExecutable(join(dir, name))) return join(dir, name);
      return undefined;
    },
    async output(path, args) {
      const result = await run(path, args, { timeoutMs: 10_000 }).catch(() => undefined);
      return result?.exitCode === 0 ? `${result.stdout}\n${result.stderr}` : "";
    },
    readText: (path) => readTextIfExists(path).catch(() => undefined),
  };
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
