import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SpectestError } from "../../src/errors/index.ts";
import { readTextIfExists, writeFileAtomic } from "../../src/platform/index.ts";
import type { VmInfo, VmState } from "../types.ts";
import { isProcessId, type ProcessId, processId } from "./processId.ts";
import { TRANSITIONS } from "./states.ts";

const RECORD_VERSION = 1;

/** What is written about a machine, for other processes and for whoever cleans up after us. */
export interface VmRecord extends VmInfo {
  version: typeof RECORD_VERSION;
  owner: ProcessId;
  qemu?: ProcessId;
  /** The snapshot whose disk lies below this machine's; it may not be removed meanwhile. */
  basis?: string;
  /** Set when the sockets had to go to a directory of their own. */
  socketDir?: string;
  labels: Record<string, string>;
}

/** Present in every instance directory from its first moment on; nothing without it is ever deleted. */
export const INSTANCE_MARKER = ".spectest-vm";
const RECORD_FILE = "vm.json";

export async function createInstanceDir(vms: string, id: string): Promise<string> {
  const dir = join(vms, id);
  await mkdir(dir, { mode: 0o700 });
  await writeFile(join(dir, INSTANCE_MARKER), JSON.stringify(processId(process.pid)), { mode: 0o600 });
  return dir;
}

export function newRecord(fields: Omit<VmRecord, "version" | "owner" | "startedAt" | "state" | "timings">): VmRecord {
  return {
    ...fields,
    version: RECORD_VERSION,
    state: "created",
    owner: processId(process.pid),
    startedAt: new Date().toISOString(),
    timings: {},
  };
}

export async function writeRecord(dir: string, record: VmRecord): Promise<void> {
  await writeFileAtomic(join(dir, RECORD_FILE), `${JSON.stringify(record, null, 2)}\n`);
}

export async function readRecord(dir: string): Promise<VmRecord | undefined> {
  const text = await readTextIfExists(join(dir, RECORD_FILE));
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (!isVmRecord(value))
    throw new SpectestError("VM_NOT_FOUND", { what: `${join(dir, RECORD_FILE)} is not a machine's record`, value: dir });
  return value;
}

/** The process that made an instance directory, from its marker; undefined when the directory is not ours. */
export async function readMarker(dir: string): Promise<ProcessId | undefined> {
  const text = await readTextIfExists(join(dir, INSTANCE_MARKER));
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isProcessId(value) ? value : { pid: 0, startTime: "" };
  } catch {
    return { pid: 0, startTime: "" }; // half written: its writer is gone
  }
}

export async function instanceDirs(vms: string): Promise<string[]> {
  const entries = await readdir(vms, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(vms, entry.name));
}

export async function removeInstanceDir(dir: string, record?: { socketDir?: string }): Promise<void> {
  await rm(dir, { recursive: true, force: true });
  if (record?.socketDir) await rm(record.socketDir, { recursive: true, force: true });
}

export function toInfo(record: VmRecord): VmInfo {
  const { version: _version, owner: _owner, qemu: _qemu, socketDir: _socketDir, basis: _basis, labels: _labels, ...info } = record;
  return info;
}

function isVmRecord(value: unknown): value is VmRecord {
  if (typeof value !== "object" || value === null) return false;
  const record: Partial<Record<keyof VmRecord, unknown>> = value;
  return (
    record.version === RECORD_VERSION &&
    typeof record.id === "string" &&
    isProcessId(record.owner) &&
    (record.qemu === undefined || isProcessId(record.qemu)) &&
    typeof record.state === "string" &&
    isVmState(record.state)
  );
}

function isVmState(state: string): state is VmState {
  return Object.hasOwn(TRANSITIONS, state);
}
