import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { detachedFiles } from "../../../src/platform/detached.ts";

test("files of detached processes do not pile up: the last 20 stay", () => {
  const home = mkdtempSync(join(tmpdir(), "spectest-detached-"));
  try {
    const { stdout, stderr } = detachedFiles(home, "vm.json");
    expect([stdout, stderr].every((path) => path.startsWith(join(home, "detached")))).toBe(true);
    const names = Array.from({ length: 25 }, (_, index) => `20250101-0000${String(index).padStart(2, "0")}-aaa.log`);
    for (const name of names) writeFileSync(join(home, "detached", name), "");
    detachedFiles(home, "vm.json");
    expect(readdirSync(join(home, "detached")).sort()).toEqual(names.slice(5));
  } finally {
    rmSync(home, { recursive: true });
  }
});
