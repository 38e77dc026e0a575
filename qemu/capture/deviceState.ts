import { SpectestError } from "../../src/errors/index.ts";
import type { Machine } from "../process/machine.ts";
import { isRecord } from "../qmp/decoder.ts";

const LOAD_TIMEOUT_MS = 60_000;

/**
 * Writes the device state of a stopped machine to a file; RAM is not in it.
 *
 * @param release gives up the disk as well, so that another process can take it over. `cont` takes it back.
 */
export async function saveDeviceState(machine: Machine, path: string, release: boolean): Promise<void> {
  // The command's name is historical; its "live" means: when stopped already, hand the disks over.
  await machine.guard(machine.qmp.execute("xen-save-devices-state", { filename: path, live: release }));
}

/** Loads a device state into a machine started with `incoming`, and lets the guest run unless told to leave it paused. */
export async function loadDeviceState(machine: Machine, path: string, then: "run" | "pause"): Promise<void> {
  const { qmp } = machine;
  const finished = qmp.waitEvent(
    "the end of loading",
    (name, data) => name === "MIGRATION" && (data.status === "completed" || data.status === "failed"),
    { timeoutMs: LOAD_TIMEOUT_MS },
  );
  const resumed =
    then === "run" ? qmp.waitEvent("that the guest runs", (name) => name === "RESUME", { timeoutMs: LOAD_TIMEOUT_MS }) : undefined;
  // Sent together: QEMU answers in order, and `cont` before the end of loading means "run when loaded".
  const commands = [
    qmp.execute("migrate-set-capabilities", { capabilities: [{ capability: "events", state: true }] }),
    qmp.execute("migrate-incoming", { uri: `file:${path}`, "exit-on-error": false }),
    ...(then === "run" ? [qmp.execute("cont")] : []),
  ];
  await machine.guard(Promise.all(commands));
  const { status } = await machine.guard(finished);
  if (status !== "completed") throw await loadError(machine, path);
  await machine.guard(resumed ?? Promise.resolve({}));
}

async function loadError(machine: Machine, path: string): Promise<SpectestError> {
  const migration = await machine.qmp.execute("query-migrate");
  const reported = isRecord(migration) ? migration["error-desc"] : undefined;
  const description = typeof reported === "string" ? reported : "no reason given";
  return new SpectestError("QMP", { what: `QEMU cannot load the device state ${path}: ${description}`, value: path });
}
