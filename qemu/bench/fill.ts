import { SpectestError } from "../../src/errors/index.ts";
import type { Vm } from "../types.ts";

/** Fills a file in memory with pages that no two of are equal. */
const FILL = "open F, '>', '/dev/shm/bench' or die; for (1 .. $ARGV[0]) { print F chr(65 + $_ % 26) x 1048576 } close F or die";

/** Makes the guest write to so many MiB of its RAM. */
export async function fillMemory(vm: Vm, mib: number): Promise<void> {
  const { exitCode, stderr } = await vm.agent.exec(["perl", "-e", FILL, String(mib)], { timeoutMs: 120_000 });
  if (exitCode !== 0) throw new SpectestError("AGENT", { what: `the guest could not write to ${mib} MiB: ${stderr.trim()}`, value: mib });
}
