import { rm } from "node:fs/promises";
import { SpectestError } from "../../src/errors/index.ts";
import { stopwatch } from "../../src/platform/index.ts";
import type { Machine } from "../process/machine.ts";

const CHANNELS = 2;
const LIMIT_MS = 300_000;

/** Writes a whole machine into one file with QEMU's own migration. The guest stays stopped. Returns the milliseconds it stood still. */
export async function saveMapped(machine: Machine, file: string): Promise<number> {
  await rm(file, { force: true });
  await configure(machine);
  const pause = stopwatch();
  await machine.guard(machine.qmp.execute("stop"));
  const ended = migrationEnd(machine);
  await machine.guard(machine.qmp.execute("migrate", { uri: `file:${file}` }));
  await machine.guard(assertCompleted(ended, "migrate"));
  return pause();
}

/** Loads such a file into a machine started with `incoming`, and lets the guest run. */
export async function loadMapped(machine: Machine, file: string): Promise<void> {
  await configure(machine);
  const ended = migrationEnd(machine);
  await machine.guard(machine.qmp.execute("migrate-incoming", { uri: `file:${file}` }));
  await machine.guard(assertCompleted(ended, "migrate-incoming"));
  await machine.guard(machine.qmp.execute("cont"));
}

async function configure(machine: Machine): Promise<void> {
  const capabilities = ["mapped-ram", "multifd", "events"].map((capability) => ({ capability, state: true }));
  await machine.guard(machine.qmp.execute("migrate-set-capabilities", { capabilities }));
  await machine.guard(machine.qmp.execute("migrate-set-parameters", { "multifd-channels": CHANNELS, "max-bandwidth": 0 }));
}

function migrationEnd(machine: Machine): Promise<Record<string, unknown>> {
  return machine.qmp.waitEvent(
    "the end of a migration",
    (name, { status }) => name === "MIGRATION" && (status === "completed" || status === "failed"),
    { timeoutMs: LIMIT_MS },
  );
}

async function assertCompleted(ended: Promise<Record<string, unknown>>, command: string): Promise<void> {
  const { status } = await ended;
  if (status !== "completed") throw new SpectestError("QMP", { what: `${command} through mapped-ram ended as ${String(status)}` });
}
