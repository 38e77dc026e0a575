import { Readable } from "node:stream";
import { pack } from "tar-stream";

/** A tar archive of files in memory, sorted and without times, so that the same files give the same bytes. */
export function tarOf(files: ReadonlyMap<string, Uint8Array>): Readable {
  const archive = pack();
  for (const [name, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    archive.entry({ name, mode: 0o644, mtime: new Date(0) }, Buffer.from(bytes));
  }
  archive.finalize();
  return Readable.from(archive);
}
