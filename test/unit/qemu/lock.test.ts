import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { tryLock, withFileLock } from "../../../qemu/lock/fileLock.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "spectest-lock-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test("one holds it, the others are told who and come after", async () => {
  const order: string[] = [];
  const waits: unknown[] = [];
  let enter: () => void = () => undefined;
  const entered = new Promise<void>((resolve) => (enter = resolve));
  let leave: () => void = () => undefined;
  const first = withFileLock(dir, "image", async () => {
    enter();
    await new Promise<void>((resolve) => (leave = resolve));
    order.push("first");
  });
  await entered;
  const second = withFileLock(dir, "image", async () => void order.push("second"), {
    onWait: (holder) => {
      waits.push(holder);
      leave();
    },
  });
  await Promise.all([first, second]);
  expect(order).toEqual(["first", "second"]);
  expect(waits).toEqual([{ pid: process.pid, what: "image" }]);
  expect(await readdir(dir)).toEqual([]);
});

test("many at once: never two inside", async () => {
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 20 }, () =>
      withFileLock(dir, "x", async () => {
        most = Math.max(most, ++inside);
        await new Promise(setImmediate);
        inside--;
      }),
    ),
  );
  expect(most).toBe(1);
});

test("a dead holder's lock is broken, by many at once for one", async () => {
  await writeFile(join(dir, "x.lock"), JSON.stringify({ pid: process.pid, startTime: "1", token: "dead", what: "x" }));
  const results = await Promise.all(Array.from({ length: 10 }, () => tryLock(join(dir, "x.lock"), "x")));
  expect(results.filter((result) => "release" in result)).toHaveLength(1);
});

test("waiting can be cancelled", async () => {
  const held = await tryLock(join(dir, "x.lock"), "x");
  const abort = new AbortController();
  const waiting = withFileLock(dir, "x", async () => 1, { signal: abort.signal, onWait: () => abort.abort() });
  await expect(waiting).rejects.toMatchObject({ code: "CANCELLED" });
  if ("release" in held) await held.release();
  expect(await withFileLock(dir, "x", async () => 1)).toBe(1);
});

test("the lock is free again when the work throws", async () => {
  await expect(withFileLock(dir, "x", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await withFileLock(dir, "x", async () => 1)).toBe(1);
});
