import { expect, test } from "vitest";
import { trimSnapshots } from "../../../qemu/snapshot/budget.ts";
import type { SnapshotInfo, SnapshotStore } from "../../../qemu/types.ts";
import { SpectestError } from "../../../src/errors/index.ts";

function snapshot(id: string, lastUsedAt: string, extra: Partial<SnapshotInfo> = {}): SnapshotInfo {
  return {
    id,
    key: id,
    kind: "template",
    imageDigest: "",
    memoryMib: 1,
    cpus: 1,
    accelerator: "tcg",
    labels: {},
    sizeBytes: 10,
    createdAt: "",
    lastUsedAt,
    ...extra,
  };
}

function storeOf(snapshots: SnapshotInfo[], inUse: string[] = []): SnapshotStore {
  return {
    find: async (key) => snapshots.findLast((entry) => entry.key === key),
    get: async (id) => snapshots.find((entry) => entry.id === id) ?? expect.fail(),
    list: async () => [...snapshots],
    remove: async (id) => {
      if (inUse.includes(id)) throw new SpectestError("SNAPSHOT_IN_USE", { what: id });
      snapshots.splice(
        snapshots.findIndex((entry) => entry.id === id),
        1,
      );
    },
    validate: async () => undefined,
  };
}
const ids = (infos: SnapshotInfo[]): string[] => infos.map(({ id }) => id);

test("keeps everything that fits and has its key", async () => {
  expect(await trimSnapshots(storeOf([snapshot("a", "1"), snapshot("b", "2")]), 20)).toEqual([]);
});

test("drops the least recently used first, and what stands on a snapshot before it", async () => {
  const store = storeOf([snapshot("base", "1"), snapshot("child", "2", { parent: "base" }), snapshot("other", "3")]);
  expect(ids(await trimSnapshots(store, 10))).toEqual(["child", "base"]);
});

test("drops what lost its key to a newer one even within the budget", async () => {
  const store = storeOf([snapshot("old", "1", { key: "k" }), snapshot("new", "2", { key: "k" })]);
  expect(ids(await trimSnapshots(store, 1_000))).toEqual(["old"]);
});

test("leaves what is in use and goes on with the next", async () => {
  const store = storeOf([snapshot("used", "1"), snapshot("free", "2")], ["used"]);
  expect(ids(await trimSnapshots(store, 5))).toEqual(["free"]);
});
