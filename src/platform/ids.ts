import { randomBytes } from "node:crypto";

/** A short random identifier of lower-case letters and digits, safe in file names and host names. */
export function shortId(bytes = 5): string {
  return BigInt(`0x${randomBytes(bytes).toString("hex")}`)
    .toString(36)
    .padStart(Math.ceil((bytes * 8) / 5.17), "0");
}

/** Sorts by time: 20261121-101530-k3f9a. */
export function runId(now = new Date()): string {
  const stamp = now.toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  return `${stamp}-${shortId(3)}`;
}
