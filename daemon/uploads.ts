/** Tar uploads: bundles by hash, and the workspace. */
import { spawn } from "node:child_process";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { SpectestError } from "../src/errors/index.ts";

/** Unpacks beside the target and then takes its place, so that a broken upload leaves what was there. */
export async function replaceByTar(body: AsyncIterable<Uint8Array>, dir: string): Promise<void> {
  const fresh = `${dir}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  try {
    await untar(body, fresh);
    await rm(dir, { recursive: true, force: true });
    await mkdir(dirname(dir), { recursive: true });
    await rename(fresh, dir);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
}

export async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** What is not wanted must still be read, or the sender waits for ever. */
export async function drain(body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _chunk of body) {
    // nothing to keep
  }
}

async function untar(body: AsyncIterable<Uint8Array>, dir: string): Promise<void> {
  const child = spawn("tar", ["-x", "--no-same-owner", "-f", "-", "-C", dir], { stdio: ["pipe", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4096);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const [sent, code] = await Promise.all([
    pipeline(Readable.from(body, { objectMode: false }), child.stdin).then(
      () => undefined,
      (error: unknown) => error,
    ),
    ended,
  ]);
  if (code !== 0)
    throw new SpectestError("DAEMON_BAD_REQUEST", { what: `the upload is no tar: ${said.trim() || `tar ended with ${code}`}` });
  if (sent !== undefined) throw new SpectestError("DAEMON_BAD_REQUEST", { what: "the upload ended early", cause: sent });
}
