import { readFileSync } from "node:fs";

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessId {
  pid: number;
  /** Start time in clock ticks after the host's boot; null where the system does not tell. */
  startTime: string | null;
}

export function processId(pid: number): ProcessId {
  return { pid, startTime: startTimeOf(pid) };
}

export function isAlive({ pid, startTime }: ProcessId): boolean {
  if (startTime !== null) return startTimeOf(pid) === startTime;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Kills exactly this process; a later one with its number is left alone. */
export function killProcess(id: ProcessId): void {
  if (!isAlive(id)) return;
  try {
    process.kill(id.pid, "SIGKILL");
  } catch {
    // Ended in between.
  }
}

export function isProcessId(value: unknown): value is ProcessId {
  if (typeof value !== "object" || value === null || !("pid" in value) || !("startTime" in value)) return false;
  return typeof value.pid === "number" && (typeof value.startTime === "string" || value.startTime === null);
}

/** Field 22 of /proc/PID/stat; the name before it is in parentheses and may contain anything. A zombie is dead. */
function startTimeOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
