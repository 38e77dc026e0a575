import { describe, expect, test } from "vitest";
import { decodeRuns, encodeRuns } from "../../../qemu/capture/deltaFile.ts";
import { parseMaps } from "../../../qemu/capture/mappings.ts";
import { appendRuns, type PageRun, pagesIn } from "../../../qemu/capture/pagemap.ts";

const PRESENT = 1n << 63n;
const SWAPPED = 1n << 62n;
const FILE = 1n << 61n;

function runsOf(...stretches: { at: number; entries: bigint[] }[]): PageRun[] {
  const runs: PageRun[] = [];
  for (const { at, entries } of stretches) {
    const bytes = Buffer.alloc(entries.length * 8);
    entries.forEach((entry, index) => bytes.writeBigUInt64LE(entry, index * 8));
    appendRuns(runs, bytes, at);
  }
  return runs;
}

describe("private pages", () => {
  test("are those present or swapped, but of no file", () => {
    expect(runsOf({ at: 0, entries: [0n, PRESENT, PRESENT | FILE, SWAPPED, FILE, PRESENT | 1n, SWAPPED | FILE] })).toEqual([
      { page: 1, count: 1 },
      { page: 3, count: 1 },
      { page: 5, count: 1 },
    ]);
  });
  test("that touch become one run, across reads as well", () => {
    const runs = runsOf({ at: 8, entries: [0n, PRESENT, PRESENT] }, { at: 11, entries: [PRESENT, 0n, SWAPPED] });
    expect(runs).toEqual([
      { page: 9, count: 3 },
      { page: 13, count: 1 },
    ]);
    expect(pagesIn(runs)).toBe(4);
  });
});

describe("a delta's runs", () => {
  const runs = [
    { page: 0, count: 1 },
    { page: 7, count: 4000 },
    { page: 2 ** 31, count: 2 },
  ];
  test("come back as they were written, padded to a page", () => {
    const header = encodeRuns(runs);
    expect(header.length % 4096).toBe(0);
    expect(decodeRuns(header)).toEqual(runs);
  });
  test("of another file or a torn one are refused", () => {
    expect(decodeRuns(Buffer.from("SPDELTA2xxxxxxxxxxx"))).toBeUndefined();
    expect(
      decodeRuns(encodeRuns(Array.from({ length: 1000 }, (_, page) => ({ page: page * 2, count: 1 }))).subarray(0, 100)),
    ).toBeUndefined();
    expect(decodeRuns(Buffer.alloc(3))).toBeUndefined();
  });
});

test("a RAM file's mappings are found by inode, whatever its path is now", () => {
  const maps = [
    "55d0c0000000-55d0c0100000 r--p 00000000 fe:00 42 /usr/bin/qemu",
    "7f0000000000-7f0040000000 rw-p 00000000 fe:00 4242                       /a/new name/ram",
    "7f0040000000-7f0080000000 rw-p 40000000 fe:00 4242                       /a/new name/ram",
    "7f0090000000-7f0090001000 rw-p 00000000 00:00 0",
    "",
  ].join("\n");
  expect(parseMaps(maps, 4242n)).toEqual([
    { start: 0x7f0000000000, end: 0x7f0040000000, fileOffset: 0 },
    { start: 0x7f0040000000, end: 0x7f0080000000, fileOffset: 0x40000000 },
  ]);
});
