import { basename, join } from "node:path";
import { SpectestError } from "../../src/errors/index.ts";
import { homePaths } from "../homePaths.ts";
import { readRecord, type VmRecord } from "../instance/record.ts";

/** Never longer than the sockets of QEMU beside it, so it fits wherever they do. */
const HOST_SOCKET = "host.sock";

/** Where the parts of a machine lie that other processes of its user may open. */
export interface MachinePlaces {
  /** Of the process that holds it. */
  holderPid: number;
  hostSocket: string;
  /** The root shell's terminal; one client at a time. */
  consoleSocket: string;
  serialLog: string;
}

/**
 * @param home the engine's state directory
 * @throws VM_NOT_FOUND when there is no such machine.
 */
export async function machinePlaces(home: string, id: string): Promise<MachinePlaces> {
  const dir = join(homePaths(home).vms, id);
  const record: VmRecord | undefined = basename(id) === id ? await readRecord(dir) : undefined;
  if (!record) throw notFound(id);
  const sockets = record.socketDir ?? dir;
  return {
    holderPid: record.owner.pid,
    hostSocket: join(sockets, HOST_SOCKET),
    consoleSocket: join(sockets, "console.sock"),
    serialLog: join(dir, "serial.log"),
  };
}

export function notFound(id: string): SpectestError {
  return new SpectestError("VM_NOT_FOUND", { what: `there is no machine "${id}"`, value: id, hint: "spectest vm ls" });
}
