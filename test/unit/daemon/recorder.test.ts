import { describe, expect, test } from "vitest";
import type { RunItem } from "../../../daemon/ipc/messages.ts";
import { ExecSession } from "../../../daemon/recorder/exec-session.ts";
import { Recorder } from "../../../daemon/recorder/recorder.ts";
import { Screen } from "../../../daemon/recorder/screen.ts";
import { cutText, shortText } from "../../../daemon/recorder/text.ts";

function recorder(): { recorder: Recorder; items: RunItem[]; tick(ms: number): void } {
  const items: RunItem[] = [];
  const clock = { ms: 0 };
  const made = new Recorder({ idPrefix: "f1", emit: (item) => items.push(item), now: () => clock.ms });
  return { recorder: made, items, tick: (ms) => void (clock.ms += ms) };
}

describe("Recorder", () => {
  test("reserves numbers at the start, so order is by start", () => {
    const { recorder: made, tick } = recorder();
    const slow = made.begin<"step">({ kind: "step", title: "slow" });
    tick(5);
    const quick = made.begin<"step">({ kind: "step", title: "quick" });
    quick.end();
    tick(5);
    slow.end();
    expect(made.result().events).toMatchObject([
      { seq: 1, id: "f1.1", title: "slow", startMs: 0, durationMs: 10 },
      { seq: 2, id: "f1.2", title: "quick", startMs: 5, durationMs: 0 },
    ]);
  });

  test("links children, also across awaits", async () => {
    const { recorder: made } = recorder();
    const step = made.begin<"step">({ kind: "step", title: "outer" });
    await step.within(async () => {
      await Promise.resolve();
      made.note<"log">({ kind: "log", level: "info", text: "inside" });
    });
    made.note<"log">({ kind: "log", level: "info", text: "outside" });
    expect(made.result().events.map((event) => event.parentSeq)).toEqual([undefined, 1, undefined]);
  });

  test("holds an attempt back until it is kept", () => {
    const { recorder: made, items } = recorder();
    const attempt = (text: string) =>
      made.attempt(1, () => {
        made.note<"log">({ kind: "log", level: "info", text });
        made.openTerminal(text, 80, 24);
      });
    attempt("first").drop();
    const second = attempt("second");
    expect(items.filter((item) => item.type !== "phase")).toEqual([]);
    second.keep();
    expect(made.result().events).toMatchObject([{ text: "second", parentSeq: 1 }]);
    expect(items.flatMap((item) => (item.type === "event" && item.event.kind === "log" ? [item.event.text] : []))).toContain("second");
  });

  test("a nested poll in a dropped attempt leaves nothing", () => {
    const { recorder: made, items } = recorder();
    const outer = made.attempt(1, () => made.attempt(2, () => made.note<"log">({ kind: "log", level: "info", text: "deep" })).keep());
    outer.drop();
    expect(made.result().events).toEqual([]);
    expect(items.filter((item) => item.type === "event")).toEqual([]);
  });

  test("names the phase, drops unreferred sessions, and is silent once closed", () => {
    const { recorder: made, items } = recorder();
    made.openTerminal("nobody", 80, 24);
    const event = made.begin<"exec">({ kind: "exec", service: "api", command: "sleep 9" });
    expect(made.phase()).toBe("exec api: sleep 9");
    made.close();
    const before = items.length;
    event.end({ exitCode: 0 });
    made.note<"log">({ kind: "log", level: "info", text: "late" });
    expect(items).toHaveLength(before);
    expect(made.result().terminals).toEqual([]);
    expect(made.result().events).toHaveLength(1);
  });

  test("an exec session is capped at 1 MiB with a notice", () => {
    const { recorder: made } = recorder();
    const session = new ExecSession(made, "api", "yes");
    made.note<"exec">({ kind: "exec", service: "api", command: "yes", terminalId: session.id });
    for (let mib = 0; mib < 3; mib++) session.output("y".repeat(700 * 1024), mib * 1_000);
    session.output("more", 4_000);
    const frames = made.result().terminals[0]?.frames ?? [];
    expect(frames).toHaveLength(3);
    expect(frames.at(-1)?.[1]).toContain("more than 1 MiB");
  });
});

test("texts are cut by bytes, at a character's border", () => {
  expect(cutText("aä", 2)).toEqual({ text: "a", truncated: true, bytes: 3 });
  expect(cutText("aä", 3)).toEqual({ text: "aä", truncated: false, bytes: 3 });
  expect(shortText({ a: "\u001b[31mred" })).not.toContain("\u001b");
});

test("a screen shows what a person would see", async () => {
  const screen = new Screen(20, 4);
  await screen.write("one\r\ntwo\u001b[1;1HONE\r\n\u001b[2Kafter");
  expect(screen.text()).toBe("ONE\nafter");
  await screen.write("\u001b[?1h");
  expect(screen.applicationCursorKeys).toBe(true);
  screen.dispose();
});
