import { createHash } from "node:crypto";

/**
 * One hexadecimal SHA-256 over labelled parts. Parts are length-prefixed, so ("ab","c") and ("a","bc") differ.
 *
 * @example hashOf("base", imageDigest, daemonDigest)
 */
export function hashOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    const bytes = typeof part === "string" ? Buffer.from(part, "utf8") : part;
    hash.update(`${bytes.byteLength}:`);
    hash.update(bytes);
  }
  return hash.digest("hex");
}
