import { describe, expect, test } from "vitest";
import type { DaemonMethods, RunItem } from "../../../daemon/ipc/messages.ts";
import type { Peer } from "../../../daemon/ipc/peer.ts";
import { sourceRoots, toFailure } from "../../../daemon/project/failure.ts";
import { splitMessage } from "../../../daemon/expect/message.ts";
import { keyBytes } from "../../../daemon/runner/keys.ts";
import { RunSlot } from "../../../daemon/runner/run.ts";
import { runWork, type WorkRequest } from "../../../daemon/runner/work.ts";

const noDaemon: Peer<DaemonMethods> = {
  call: async () => await Promise.reject(new Error("no daemon here")),
  receive: () => undefined,
  close: () => undefined,
};

function work(changes: Partial<WorkRequest>): WorkRequest {
  return {
    what: "the test",
    timeoutMs: 1_000,
    idPrefix: "f",
    roots: sourceRoots([]),
    daemon: noDaemon,
    signal: new AbortController().signal,
    emit: () => undefined,
    parts: async () => await Promise.resolve({ svc: {}, fakeHelpers: new Map(), parent: undefined, testName: "t" }),
    body: () => undefined,
    ...changes,
  };
}

describe("runWork", () => {
  test("restores the console on every path, also when a helper factory throws", async () => {
    const before = { ...console };
    const slot = new RunSlot();
    const failed = await runWork(slot, work({ parts: async () => await Promise.reject(new Error("no helpers")) }));
    expect(failed.error?.message).toBe("no helpers");
    expect({ ...console }).toEqual(before);
    const passed = await runWork(slot, work({ body: () => console.info("hi") }));
    expect(passed.events).toMatchObject([{ kind: "log", level: "info", text: "hi" }]);
    expect({ ...console }).toEqual(before);
  });

  test("aborts at the time limit and names the phase", async () => {
    const seen: boolean[] = [];
    const body: WorkRequest["body"] = async (ctx) => {
      ctx.signal.addEventListener("abort", () => seen.push(true));
      await ctx.step("waiting", async () => await new Promise(() => undefined));
    };
    const { error } = await runWork(new RunSlot(), work({ timeoutMs: 20, body }));
    expect(error).toMatchObject({ code: "TIMEOUT", message: 'the test did not finish within 20 ms; it was in step "waiting"' });
    expect(seen).toEqual([true]);
  });

  test("ends when the caller cancels, and refuses a second run meanwhile", async () => {
    const slot = new RunSlot();
    const cancel = new AbortController();
    const first = runWork(slot, work({ signal: cancel.signal, body: async () => await new Promise(() => undefined) }));
    await expect(runWork(slot, work({}))).rejects.toMatchObject({ code: "DAEMON_CONFLICT" });
    cancel.abort(new Error("enough"));
    expect((await first).error?.message).toBe("enough");
    expect((await runWork(slot, work({}))).error).toBeUndefined();
  });

  test("a straggler writes nothing into a finished run", async () => {
    const items: RunItem[] = [];
    const later: (() => void)[] = [];
    const slot = new RunSlot();
    const { events } = await runWork(
      slot,
      work({ emit: (item) => items.push(item), body: (ctx) => void later.push(() => void ctx.step("late", () => 1)) }),
    );
    const count = items.length;
    later[0]?.();
    expect(events).toEqual([]);
    expect(items).toHaveLength(count);
  });
});

test.each([
  ["enter", "\r"],
  ["ctrl+c", "\u0003"],
  ["ctrl+d", "\u0004"],
  ["alt+x", "\u001bx"],
  ["up", "\u001b[A"],
  ["ctrl+right", "\u001b[1;5C"],
  ["shift+tab", "\u001b[Z"],
  ["pagedown", "\u001b[6~"],
  ["f5", "\u001b[15~"],
  ["ctrl++", undefined],
  ["alt++", "\u001b+"],
  ["hyper+x", undefined],
  ["nokey", undefined],
] as const)("key %s", (name, bytes) => {
  const press = (): string => keyBytes(name as "enter", false);
  if (bytes === undefined) expect(press).toThrow(RangeError);
  else expect(press()).toBe(bytes);
});
test("cursor keys follow the application mode", () => {
  expect(keyBytes("up", true)).toBe("\u001bOA");
});

test("failures carry the author's frames only, with paths of their project", () => {
  const error = new Error("\u001b[31mbad\u001b[0m", { cause: new Error("why") });
  error.stack = "Error: bad\n    at deep (/b/1/spectest/tests/a.ts:3:5)\n    at run (/host.mjs:1:2)\n    at async /b/1/spectest/x.ts:9:1";
  expect(toFailure(error, sourceRoots(["/b/1"]))).toEqual({
    name: "Error",
    message: "bad\n  caused by Error: why",
    stack: "Error: bad\n    at deep (spectest/tests/a.ts:3:5)\n    at async spectest/x.ts:9:1",
    at: { file: "spectest/tests/a.ts", line: 3, column: 5 },
  });
  expect(toFailure("text", sourceRoots([])).message).toContain("text");
});

test("a matcher's text is split into message and difference", () => {
  const split = splitMessage("\u001b[2mexpect(\u001b[22mreceived).toEqual(expected)\n\n- Expected  - 1\n+ Received  + 1\n\n- 1\n+ 2");
  expect(split).toEqual({ message: "expect(received).toEqual(expected)", diff: "- Expected  - 1\n+ Received  + 1\n\n- 1\n+ 2" });
  expect(splitMessage("plain").diff).toBeUndefined();
});
