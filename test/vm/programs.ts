import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

/** Bundles a TypeScript program of the fixtures so that plain Node runs it. */
export async function bundled(name: string): Promise<string> {
  const outfile = join(await mkdtemp(join(tmpdir(), "spectest-program-")), `${name}.mjs`);
  await build({
    entryPoints: [new URL(`./fixtures/${name}.ts`, import.meta.url).pathname],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "silent",
    banner: { js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);' },
  });
  return outfile;
}

/** Starts it and waits for its first line. */
export async function startProgram(path: string, args: readonly string[]): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(process.execPath, [path, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const [chunk]: Buffer[] = await once(child.stdout, "data");
  return { child, line: chunk?.toString() ?? "" };
}

export function processGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
