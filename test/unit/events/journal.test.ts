import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createJournal, readJournal, replayEvents, type RunEvent } from "../../../src/events/index.ts";
import { wholeRun } from "../../fixtures/run-events.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "spectest-journal-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function record(events: readonly RunEvent[]): string {
  const journal = createJournal({ stateDir: dir, runDir: join(dir, "runs", "r1") });
  for (const event of events) journal.append(event);
  journal.close();
  return journal.path;
}

describe("the journal", () => {
  it("gives back what was written, and hides itself from git", async () => {
    const path = record(wholeRun);
    expect(await readJournal(path)).toEqual({ events: wholeRun, cut: false });
    expect(JSON.parse(readFileSync(path, "utf8").split("\n")[0] ?? "")).toEqual({ format: "spectest-journal", schemaVersion: 1 });
    expect(readFileSync(join(dir, ".gitignore"), "utf8")).toBe("*\n");
  });

  it("leaves out a cut last line, wherever it was cut", async () => {
    const path = record(wholeRun.slice(0, 3));
    const whole = readFileSync(path);
    const lastStart = whole.subarray(0, -1).lastIndexOf(10) + 1;
    for (let size = whole.length - 2; size > lastStart; size -= 7) {
      truncateSync(path, size);
      expect(await readJournal(path)).toEqual({ events: wholeRun.slice(0, 2), cut: true });
    }
    writeFileSync(path, whole.subarray(0, -1));
    expect((await readJournal(path)).events).toHaveLength(3);
  });

  it("refuses other files, newer versions and damage in the middle, naming the line", async () => {
    const path = record(wholeRun);
    const lines = readFileSync(path, "utf8").split("\n");
    writeFileSync(path, lines.with(3, "{oops").join("\n"));
    await expect(readJournal(path)).rejects.toThrow(/journal\.jsonl:4: not an event/);
    writeFileSync(path, lines.with(0, '{"format":"spectest-journal","schemaVersion":99}').join("\n"));
    await expect(readJournal(path)).rejects.toThrow(/newer/);
    writeFileSync(path, "hello\n");
    await expect(readJournal(path)).rejects.toThrow(/not a journal/);
  });

  it("keeps a person's own .gitignore", () => {
    writeFileSync(join(dir, ".gitignore"), "runs\n");
    expect(existsSync(record([]))).toBe(true);
    expect(readFileSync(join(dir, ".gitignore"), "utf8")).toBe("runs\n");
  });
});

describe("replayEvents", () => {
  it("plays in order, without waiting unless a speed is given", async () => {
    const seen: RunEvent[] = [];
    await replayEvents(wholeRun, { onEvent: (event) => seen.push(event) });
    expect(seen).toEqual(wholeRun);
  });

  it("stops when asked to", async () => {
    const controller = new AbortController();
    const seen: RunEvent[] = [];
    await replayEvents(wholeRun, {
      onEvent: (event) => {
        seen.push(event);
        if (seen.length === 2) controller.abort();
      },
      speed: 1000,
      signal: controller.signal,
    });
    expect(seen).toHaveLength(2);
  });
});
