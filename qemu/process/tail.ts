import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** The last bytes of a file, or "" when there is none. Synchronous: used while composing an error about a dead process. */
export function readTail(path: string, maxBytes = 4096): string {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return "";
  }
  try {
    const { size } = fstatSync(fd);
    const buffer = Buffer.alloc(Math.min(size, maxBytes));
    const length = readSync(fd, buffer, 0, buffer.length, Math.max(0, size - maxBytes));
    return buffer.toString("utf8", 0, length);
  } finally {
    closeSync(fd);
  }
}
