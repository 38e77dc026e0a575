import { isSpectestError } from "../../src/errors/index.ts";
import type { SnapshotInfo, SnapshotStore } from "../types.ts";

/** Disk space snapshots may take before the least recently used are dropped. */
export const DEFAULT_BUDGET_BYTES = 20 * 1024 ** 3;

/**
 * Drops snapshots that lost their key to a newer one, then the least recently used until the rest fits the budget. Only what
 * no other snapshot stands on and no machine uses is dropped, so what depends on a snapshot goes before it.
 *
 * @returns what was dropped, in that order.
 */
export async function trimSnapshots(store: SnapshotStore, budgetBytes: number): Promise<SnapshotInfo[]> {
  const removed: SnapshotInfo[] = [];
  const kept = new Set<string>();
  for (;;) {
    const all = await store.list();
    const overBudget = all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) > budgetBytes;
    const victim = await nextVictim(store, all, { overBudget, kept });
    if (!victim) return removed;
    try {
      await store.remove(victim.id);
      removed.push(victim);
    } catch (error) {
      if (!isSpectestError(error, "SNAPSHOT_IN_USE") && !isSpectestError(error, "SNAPSHOT_NOT_FOUND")) throw error;
      kept.add(victim.id);
    }
  }
}

async function nextVictim(
  store: SnapshotStore,
  all: readonly SnapshotInfo[],
  { overBudget, kept }: { overBudget: boolean; kept: ReadonlySet<string> },
): Promise<SnapshotInfo | undefined> {
  const needed = new Set(all.flatMap(({ parent, template }) => [parent, template]));
  const free = all.filter(({ id }) => !needed.has(id) && !kept.has(id)).toSorted((a, b) => a.lastUsedAt.localeCompare(b.lastUsedAt));
  for (const snapshot of free) if ((await store.find(snapshot.key))?.id !== snapshot.id) return snapshot;
  return overBudget ? free[0] : undefined;
}
