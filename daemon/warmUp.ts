/**
 * Walks once through what every bring-up does, before the machine is captured: a container is created, entered and removed,
 * and an image is built. The first time costs many seconds under emulation (programs are read from disk, services of
 * Docker initialise); in a fork of the captured machine it is the second time.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Builder } from "./docker/builder.ts";
import type { Docker } from "./docker/types.ts";

/** The smallest image that comes with the guest. */
const IMAGE = "spectest/debian:13";
const NAME = "spectest-warm-up";
const TAG = `${NAME}:latest`;

/** Nothing depends on its success; what it finds missing it leaves out. */
export async function warmUp(docker: Docker, build: Builder, scratchDir: string, signal: AbortSignal): Promise<void> {
  if (!(await docker.hasImage(IMAGE))) return;
  await docker.network();
  const spec = { image: { type: "registry", reference: IMAGE }, command: "sleep 300" } as const;
  await docker.start({ name: NAME, image: IMAGE, spec, aliases: [NAME], mounts: [], extraHosts: [], baseEnv: {}, dns: [] });
  try {
    const running = await docker.exec(NAME, { argv: ["true"] });
    for await (const _output of running.output) {
      // "true" says nothing
    }
    await running.exitCode();
    await docker.log(NAME, 1);
  } finally {
    await docker.remove(NAME);
  }
  const contextDir = join(scratchDir, "warm-up");
  await mkdir(contextDir, { recursive: true });
  await build({ content: `FROM ${IMAGE}\nRUN true\n`, ignoreFile: "", tag: TAG, contextDir, onDetail: () => {}, signal });
  await docker.removeImage(TAG);
}
