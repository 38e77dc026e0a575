import { open } from "node:fs/promises";
import { isSpectestError, SpectestError } from "../../src/errors/index.ts";
import { run } from "../../src/platform/index.ts";
import type { Delta } from "../capture/deltaFile.ts";
import { mappingsOf } from "../capture/mappings.ts";
import { PAGE_BYTES } from "../capture/pagemap.ts";
import { writePages } from "../capture/processMemory.ts";
import type { Machine } from "../process/machine.ts";

/** Gives a machine that maps a template privately the pages in which its snapshot differs. */
export function applyDelta(machine: Machine, delta: Delta): void {
  writePages(machine.pid, mappingsOf(machine.pid, machine.spec.files.ramPath), delta.runs, delta.pages);
}

/** A flat RAM file of one's own: the template's, copied as cheaply as the file system can, with a delta's pages on top. */
export async function flatRam(templateRam: string, path: string, delta: Delta | undefined, signal?: AbortSignal): Promise<void> {
  const flags = process.platform === "linux" ? ["--reflink=auto", "--sparse=always"] : ["-c"];
  const copied = await run("cp", [...flags, templateRam, path], signal ? { signal } : {}).catch((error: unknown) => {
    if (isSpectestError(error)) throw error;
    throw new SpectestError("INTERNAL", { what: `cannot copy ${templateRam}`, cause: error });
  });
  if (copied.exitCode !== 0) throw new SpectestError("HOST_RESOURCES", { what: `cannot copy ${templateRam}: ${copied.stderr}` });
  const file = await open(path, "r+");
  try {
    await file.chmod(0o600);
    let offset = 0;
    for (const { page, count } of delta?.runs ?? []) {
      await file.write(delta?.pages ?? Buffer.alloc(0), offset, count * PAGE_BYTES, page * PAGE_BYTES);
      offset += count * PAGE_BYTES;
    }
  } finally {
    await file.close();
  }
}
