import { readTextIfExists } from "../../src/platform/index.ts";

/** Names the running boot of the host, or "" where the system does not tell. */
export async function hostBootId(): Promise<string> {
  return ((await readTextIfExists("/proc/sys/kernel/random/boot_id")) ?? "").trim();
}
