/** The processes below one process. For ending by force, when nobody is left to ask nicely. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

interface ProcessRow {
  pid: number;
  ppid: number;
  pgid: number;
}

function linuxProcesses(): ProcessRow[] {
  const rows: ProcessRow[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      // The name in parentheses may hold spaces and parentheses itself.
      const [, ppid, pgid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      rows.push({ pid: Number(entry), ppid: Number(ppid), pgid: Number(pgid) });
    } catch {
      // Ended while we looked.
    }
  }
  return rows;
}

function otherProcesses(): ProcessRow[] {
  const { stdout } = spawnSync("ps", ["-axo", "pid=,ppid=,pgid="], { encoding: "utf8" });
  return stdout
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid, ppid, pgid]) => (pid && ppid !== undefined && pgid !== undefined ? [{ pid, ppid, pgid }] : []));
}

export function descendantsOf(pid: number, all: readonly ProcessRow[]): ProcessRow[] {
  const found: ProcessRow[] = [];
  const pending = [pid];
  for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
    for (const row of all) {
      if (row.ppid === parent && !found.includes(row)) {
        found.push(row);
        pending.push(row.pid);
      }
    }
  }
  return found;
}

/** Kills (SIGKILL) everything this process has started, and whole groups that lead from it; never its own group. */
export function killDescendants(): void {
  const all = process.platform === "linux" ? linuxProcesses() : otherProcesses();
  const own = all.find((row) => row.pid === process.pid)?.pgid;
  for (const { pid, pgid } of descendantsOf(process.pid, all)) {
    // A group is ended only by its leader's number: a child in our own group shares it with our parents.
    const target = pgid === pid && pgid !== own ? -pgid : pid;
    try {
      process.kill(target, "SIGKILL");
    } catch {
      // Gone already.
    }
  }
}
