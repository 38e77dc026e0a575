import { Chalk } from "chalk";
import { describe, expect, it } from "vitest";
import { emptyRun, foldRun, type RunEvent } from "../../../src/events/index.ts";
import { createReporter, type ReporterName, withoutCommands } from "../../../src/reporters/index.ts";
import { escapeXml } from "../../../src/reporters/junit.ts";
import { sourceFrame } from "../../../src/events/source-frame.ts";
import { bringUp, failedBringUp, finish, payError, wholeRun } from "../../fixtures/run-events.ts";

const source = Array.from({ length: 20 }, (_, index) => (index === 11 ? "\tconst r = await ctx.fetch(u);" : `line ${index + 1}`)).join(
  "\n",
);

function report(name: ReporterName, events: readonly RunEvent[]): { data: string; messages: string } {
  const out = { data: "", messages: "" };
  const reporter = createReporter(name, {
    data: (text) => {
      out.data += text;
    },
    message: (text) => {
      out.messages += `${text}\n`;
    },
    paint: new Chalk({ level: 0 }),
    verbose: false,
    readSource: (file) => (file === "spectest/tests/shop.ts" ? source : undefined),
    workspaceDir: "/",
  });
  let model = emptyRun;
  for (const event of events) {
    model = foldRun(model, event);
    reporter.onEvent(event, model);
  }
  return out;
}

describe("list", () => {
  it("prints a tree of results, failures with difference, source and logs, and totals", () => {
    expect(report("list", wholeRun).data).toMatchInlineSnapshot(`
      "✓ sign up  120 ms, fork 80 ms
        ✗ pay  480 ms
          ⊘ refund  blocked by pay
        ≈ log out  60 ms, fork 85 ms, 2 attempts
      ✓ health  30 ms, fork 95 ms

      Failures

       1) sign up › pay  spectest/tests/shop.ts:9

          expect(received).toBe(expected)

          - 201
          + 500

          at spectest/tests/shop.ts:12:22
            10 | line 10
            11 | line 11
          > 12 |     const r = await ctx.fetch(u);
               |                      ^
            13 | line 13
            14 | line 14

          at /project/spectest/tests/shop.ts:12:22

          log of api:
            listening
            POST /pay 500

      Tests  1 failed, 1 flaky, 1 blocked, 2 passed (5)
      Time   3.8 s · bring-up 2.4 s (cold) · 4 forks, median 85 ms
      "
    `);
  });

  it("says the bring-up on the message stream, a line per change of state", () => {
    expect(report("list", bringUp).messages).toMatchInlineSnapshot(`
      "spectest run 20260102-030405-abcd  tcg: no /dev/kvm on this host
          0.0s  image      reused
          0.0s  bundle     …
          0.3s  bundle     done (290 ms)
          0.3s  services   …
          0.4s  db         pulling 2 of 5 layers
          0.4s  api        building step 4/9 RUN npm ci
          0.9s  db         probing
          1.4s  db         ready
          2.1s  api        ready
          2.1s  services   done (1.8 s)
      environment ready in 2.4 s (cold)
      "
    `);
  });

  it("opens the log of a service that failed", () => {
    const { messages, data } = report("list", failedBringUp);
    expect(messages).toContain("Error: cannot find module './routes'");
    expect(data).toBe("");
  });
});

describe("dot", () => {
  it("prints a character per test", () => {
    expect(report("dot", wholeRun).data.split("\n")[0]).toBe(".Fbf.");
  });
});

describe("json", () => {
  it("has exactly the agreed shape", () => {
    const { data, messages } = report("json", wholeRun);
    const value = JSON.parse(data);
    expect(messages).toBe("");
    expect(Object.keys(value)).toEqual(["schemaVersion", "run", "totals", "tests"]);
    expect(value.run).toEqual({
      id: "20260102-030405-abcd",
      accel: "tcg",
      startedAt: "2026-01-02T03:04:05.000Z",
      durationMs: 3800,
      bringUp: { kind: "cold", durationMs: 2400 },
      forks: { count: 4, p50Ms: 85 },
    });
    expect(value.totals).toEqual({ passed: 2, failed: 1, flaky: 1, skipped: 0, blocked: 1, cached: 0 });
    const pay = value.tests[1];
    expect(Object.keys(pay)).toEqual([
      "id",
      "name",
      "file",
      "line",
      "parent",
      "status",
      "durationMs",
      "attempts",
      "forkMs",
      "error",
      "events",
      "terminals",
    ]);
    expect(pay).toMatchObject({
      id: "pay",
      parent: "sign up",
      status: "failed",
      error: { message: payError.message, stack: payError.stack, diff: payError.diff },
    });
    expect(pay.terminals[0].frames).toHaveLength(2);
    expect(value.tests.map((test: { status: string }) => test.status)).toEqual(["passed", "failed", "blocked", "flaky", "passed"]);
  });

  it("carries the error that ended a run", () => {
    expect(JSON.parse(report("json", failedBringUp).data).run.error).toMatchObject({ code: "SERVICE_FAILED", hint: "spectest logs api" });
  });
});

describe("junit", () => {
  it("counts and escapes", () => {
    const xml = report("junit", wholeRun).data;
    expect(xml).toContain('<testsuites name="spectest" tests="5" failures="1" errors="0" skipped="1" time="3.800">');
    expect(xml).toContain('name="sign up › pay › refund"');
    expect(xml).toContain('<skipped message="blocked by pay"/>');
    expect(xml).toContain("<flakyFailure");
    expect(escapeXml('<a b="c">&\'\u0000\u0007\ufffe\ud800x')).toBe("&lt;a b=&quot;c&quot;&gt;&amp;&apos;x");
  });

  it("has an error for a run that ended before its tests", () => {
    expect(report("junit", failedBringUp).data).toMatch(/errors="1"[\s\S]*<error message="api exited/);
  });
});

describe("github", () => {
  it("annotates failures, relative to the workspace, escaped", () => {
    expect(report("github", wholeRun).data.split("\n").filter(Boolean)).toEqual([
      "::error file=project/spectest/tests/shop.ts,line=12,col=22,title=sign up › pay::expect(received).toBe(expected)%0A%0A- 201%0A+ 500",
      "::warning file=project/spectest/tests/shop.ts,line=12,col=22,title=sign up › log out::expect(received).toBe(expected)%0A%0A- 201%0A+ 500",
    ]);
  });

  it("takes commands out of other text", () => {
    expect(withoutCommands("::error::x\n  ::set-output\na::b ##[group]")).toBe(": :error::x\n  : :set-output\na::b ## [group]");
  });
});

describe("events", () => {
  it("is one line of JSON per event", () => {
    const lines = report("events", wholeRun).data.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(wholeRun);
  });
});

describe("sourceFrame", () => {
  it("marks line and column, tabs counted as shown", () => {
    expect(sourceFrame(source, { line: 12, column: 2 }, 1)).toBe(
      ["  11 | line 11", "> 12 |   const r = await ctx.fetch(u);", "     |   ^", "  13 | line 13"].join("\n"),
    );
    expect(sourceFrame(source, { line: 99 })).toBeUndefined();
  });
});

it("says how many tests a cancelled run did not reach", () => {
  const cut = wholeRun.slice(0, 20);
  const cancelled: RunEvent = {
    ...finish,
    type: "run-finished",
    outcome: "cancelled",
    totals: { passed: 1, failed: 0, flaky: 0, skipped: 0, blocked: 0, cached: 0 },
  } as RunEvent;
  expect(report("list", [...cut, cancelled]).data).toContain("1 passed, 4 not run");
});

it("list shows what a failed test printed, and nothing of what passed", () => {
  const printed = (id: string, text: string): RunEvent => ({
    type: "test-event",
    id,
    attempt: 1,
    atMs: 1,
    event: { kind: "log", seq: 90, id: `${id}-log`, startMs: 1, level: "log", text },
  });
  const finished = (name: string): number => wholeRun.findIndex((event) => event.type === "attempt-finished" && event.id === name);
  const [passed, failed] = wholeRun.flatMap((event) => (event.type === "attempt-finished" ? [event] : []));
  const events = [...wholeRun];
  for (const [attempt, text] of [
    [passed, "said in passing"],
    [failed, "said before the end"],
  ] as const) {
    if (attempt) events.splice(finished(attempt.id), 0, printed(attempt.id, text));
  }
  const { data } = report("list", events);
  expect(data).toContain("console:");
  expect(data).toContain("said before the end");
  expect(data).not.toContain("said in passing");
});
