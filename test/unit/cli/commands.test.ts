import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CommandContext, Orchestrator } from "../../../src/cli/context.ts";
import type { SignalName } from "../../../src/cli/exit-codes.ts";
import type { Io } from "../../../src/cli/io.ts";
import { parse } from "../../../src/cli/parser.ts";
import type { RunEvent, RunFinished } from "../../../src/events/index.ts";
import { bringUp, discovery, failedBringUp, finish, tests, wholeRun } from "../../fixtures/run-events.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "spectest-cli-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

interface Result {
  code: number;
  out: string;
  err: string;
}

function here(events: readonly RunEvent[]): RunEvent[] {
  return events.map((event) => (event.type === "run-started" ? { ...event, projectDir: dir } : event));
}

function fakeRun(events: readonly RunEvent[], asked: unknown[] = []): Partial<Orchestrator> {
  return {
    async runTests(options) {
      asked.push(options);
      for (const event of here(events)) options.onEvent(event);
      const last = events.at(-1);
      if (last?.type !== "run-finished") throw new Error("the fixture has no end");
      return last;
    },
  };
}

async function run(words: readonly string[], orchestrator: Partial<Orchestrator> = {}, env: Record<string, string> = {}): Promise<Result> {
  const result = await parse(words, 80);
  if (result.type !== "run") return { code: 0, out: result.text, err: "" };
  const { input, spec } = result.parsed;
  const output = { out: "", err: "" };
  const stream = { isTTY: false, columns: 80, rows: 24, write: (text: string | Uint8Array) => ((output.err += String(text)), true) };
  const io = {
    stdin: { isTTY: false },
    stdout: stream,
    stderr: stream,
    out: (text: string | Uint8Array) => void (output.out += Buffer.from(text).toString("utf8")),
    say: (text: string) => void (output.err += `${text}\n`),
    hold: () => () => undefined,
    json: (value: unknown) => void (output.out += JSON.stringify(value)),
    flush: async () => undefined,
  } as unknown as Io;
  const context: CommandContext = {
    cwd: dir,
    home: join(dir, "home"),
    env,
    io,
    ui: (input.text("ui") ?? "auto") as CommandContext["ui"],
    verbose: input.flag("verbose"),
    json: input.flag("json"),
    colors: { out: 0, err: 0 },
    interrupts: {
      signal: new AbortController().signal,
      by: undefined as SignalName | undefined,
      exitCode: undefined,
      interrupt: () => undefined,
      beforeForce: () => () => undefined,
      release: () => undefined,
    },
    orchestrator: async () => orchestrator as Orchestrator,
  };
  const handler = await spec.load?.();
  if (!handler) throw new Error("no handler");
  return { code: await handler.run(input, context), ...output };
}

const passed: RunFinished = { ...(finish as RunFinished), outcome: "passed" };

describe("test", () => {
  it("prints results on stdout, progress on stderr, exits 1 on failures, records a journal", async () => {
    const { code, out, err } = await run(["test"], fakeRun(wholeRun));
    expect(code).toBe(1);
    expect(out).toContain("✓ sign up");
    expect(out).not.toContain("bundle");
    expect(err).toContain("bundle");
    const journal = join(dir, ".spectest/runs/20260102-030405-abcd/journal.jsonl");
    expect(err).toContain(journal);
    expect(readFileSync(journal, "utf8").trimEnd().split("\n")).toHaveLength(wholeRun.length + 1);
    expect(readFileSync(join(dir, ".spectest/words/test"), "utf8")).toBe("sign up\npay\nrefund\nlog out\nhealth\n");
  });

  it("prints nothing but JSON with --json", async () => {
    const { code, out } = await run(["test", "--json"], fakeRun(wholeRun));
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ schemaVersion: 1, totals: { failed: 1 } });
  });

  it("prints events as lines with --ui json", async () => {
    const { out } = await run(["test", "--ui", "json"], fakeRun(wholeRun));
    expect(
      out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).type),
    ).toEqual(wholeRun.map((event) => event.type));
  });

  it("writes reporters' files and keeps the list", async () => {
    const { out } = await run(["test", "--reporter", "list,junit:out/report.xml,json:report.json"], fakeRun(wholeRun));
    expect(out).toContain("✓ sign up");
    expect(readFileSync(join(dir, "out/report.xml"), "utf8")).toContain("<testsuites");
    expect(JSON.parse(readFileSync(join(dir, "report.json"), "utf8")).tests).toHaveLength(5);
  });

  it("is silent when quiet, but for failures", async () => {
    expect((await run(["test", "--ui", "quiet"], fakeRun([...bringUp, discovery, passed]))).out).toBe("");
    rmSync(join(dir, ".spectest"), { recursive: true });
    const failed = await run(["test", "--ui", "quiet"], fakeRun(wholeRun));
    expect(failed.out).toContain("Failures");
    expect(failed.err).toBe("");
  });

  it("exits 3 with the error and its hint when the bring-up failed", async () => {
    const { code, err } = await run(["test"], fakeRun(failedBringUp));
    expect(code).toBe(3);
    expect(err).toContain("error: api exited with 1 while it was waited for\n  hint: spectest logs api");
  });

  it("exits 5 and offers near names when nothing matched", async () => {
    const nothing: RunFinished = {
      ...passed,
      outcome: "error",
      error: { name: "SpectestError", message: "no test matches sing up", code: "NOTHING_MATCHED" },
    };
    const events: RunEvent[] = [{ type: "tests-discovered", atMs: 1, tests: [...tests], selected: [] }, nothing];
    const { code, err } = await run(["test", "sing up"], fakeRun(events));
    expect(code).toBe(5);
    expect(err).toContain('hint: did you mean "sign up"?');
  });

  it("exits 130 when cancelled without a signal of ours", async () => {
    expect((await run(["test"], fakeRun([{ ...passed, outcome: "cancelled" }]))).code).toBe(130);
  });

  it("lists tests, as text and as JSON", async () => {
    const plain = await run(["test", "--list"], fakeRun([...bringUp, discovery, passed]));
    expect(plain.out).toBe(
      "sign up  spectest/tests/shop.ts:4\n  pay #slow  spectest/tests/shop.ts:9\n    refund  spectest/tests/shop.ts:15\n  log out  spectest/tests/shop.ts:22\nhealth  spectest/tests/shop.ts:30\n",
    );
    const json = JSON.parse((await run(["test", "--list", "--json"], fakeRun([...bringUp, discovery, passed]))).out);
    expect(json).toMatchObject({
      schemaVersion: 1,
      tests: [{ id: "sign up", parent: null }, { id: "pay", parent: "sign up", tags: ["slow"] }, {}, {}, {}],
    });
  });

  it("passes every option on", async () => {
    const asked: unknown[] = [];
    const words = [
      "test",
      "a",
      "-g",
      "b",
      "--tag",
      "c",
      "--workers",
      "2",
      "--retries",
      "0",
      "--bail",
      "1",
      "--shard",
      "2/3",
      "--no-fork",
      "--fresh",
      "--accel",
      "tcg",
    ];
    await run(words, fakeRun(wholeRun, asked), { SPECTEST_QEMU: "/opt/qemu" });
    expect(asked[0]).toMatchObject({
      filters: ["a"],
      grep: "b",
      tags: ["c"],
      workers: 2,
      retries: 0,
      bail: 1,
      shard: { index: 2, count: 3 },
      noFork: true,
      noCache: false,
      fresh: true,
      accelerator: "tcg",
      qemuPath: "/opt/qemu",
      cwd: dir,
    });
  });

  it("refuses a shard outside its range and an unknown accelerator of the environment", async () => {
    await expect(run(["test", "--shard", "4/3"], fakeRun(wholeRun))).rejects.toMatchObject({ code: "USAGE" });
    await expect(run(["test"], fakeRun(wholeRun), { SPECTEST_ACCEL: "warp" })).rejects.toMatchObject({ code: "USAGE" });
  });

  it("neutralises workflow commands inside GitHub Actions", async () => {
    const notice: RunEvent = { type: "notice", atMs: 1, level: "info", message: "x\n::error::injected" };
    const { err } = await run(["test"], fakeRun([...bringUp, notice, ...wholeRun.slice(bringUp.length)]), { GITHUB_ACTIONS: "true" });
    expect(err).toContain(": :error::injected");
  });
});

describe("up", () => {
  it("prints addresses, and closes when the environment ends", async () => {
    const addresses = [{ service: "api", port: 80, address: "127.0.0.1:40000" }];
    const { code, out } = await run(["up", "--json"], {
      startEnvironment: async ({ onEvent }) => {
        for (const event of here(bringUp)) onEvent(event);
        return { id: "e1", addresses, closed: Promise.resolve(), close: async () => undefined };
      },
    });
    expect([code, JSON.parse(out)]).toEqual([0, { schemaVersion: 1, id: "e1", addresses }]);
    expect(readFileSync(join(dir, ".spectest/words/service"), "utf8")).toBe("db\napi\n");
  });
});

describe("commands inside the environment", () => {
  const calls: unknown[] = [];
  const attachEnvironment = (async () => ({
    services: async () => [{ name: "db", state: "ready", ip: "10.0.0.2", image: "postgres", runtime: false, ports: [5432], restarts: 0 }],
    async *exec(service: string, argv: readonly string[], options: object) {
      calls.push([service, argv, options]);
      yield { type: "output", stream: "stdout", dataBase64: Buffer.from("out\n").toString("base64") };
      yield { type: "output", stream: "stderr", dataBase64: Buffer.from("err\n").toString("base64") };
      yield { type: "exit", exitCode: 7 };
    },
    async *logs() {
      yield { stream: "stdout", text: "hello\u001b[2J" };
    },
    down: async () => void calls.push("down"),
    close: () => void calls.push("close"),
  })) as unknown as Orchestrator["attachEnvironment"];

  it("ps prints a table or JSON", async () => {
    expect((await run(["ps"], { attachEnvironment })).out).toBe(
      "SERVICE  STATE  ADDRESS   PORTS  IMAGE\ndb       ready  10.0.0.2  5432   postgres\n",
    );
    expect(JSON.parse((await run(["ps", "--json"], { attachEnvironment })).out).services).toHaveLength(1);
  });

  it("exec passes streams and the exit code on, and closes its connection", async () => {
    calls.length = 0;
    expect(await run(["exec", "db", "--", "ls", "-l"], { attachEnvironment })).toEqual({ code: 7, out: "out\n", err: "err\n" });
    expect(calls).toEqual([["db", ["ls", "-l"], { signal: expect.anything() }], "close"]);
    expect(JSON.parse((await run(["exec", "--json", "db", "ls"], { attachEnvironment })).out)).toEqual({
      schemaVersion: 1,
      exitCode: 7,
      stdout: "out\n",
      stderr: "err\n",
    });
  });

  it("logs cleans lines for the terminal", async () => {
    expect((await run(["logs"], { attachEnvironment })).out).toBe("hello\n");
  });

  it("down stops it", async () => {
    calls.length = 0;
    expect((await run(["down", "--json"], { attachEnvironment })).out).toContain('"stopped":true');
    expect(calls).toEqual(["down", "close"]);
  });

  it("shell needs a terminal", async () => {
    await expect(run(["shell", "db"], { attachEnvironment })).rejects.toMatchObject({
      code: "USAGE",
      hint: "spectest exec SERVICE -- COMMAND",
    });
  });
});

describe("doctor", () => {
  it("exits 4 with fixes when something is wrong", async () => {
    const doctor = async () => ({ checks: [{ name: "qemu", ok: false, detail: "not found", fix: "apt install qemu-system-x86" }] });
    const { code, out } = await run(["doctor"], { doctor });
    expect(code).toBe(4);
    expect(out).toContain("✗ qemu  not found\n        fix: apt install qemu-system-x86");
  });
});

describe("init", () => {
  it("writes a project once and never over another", async () => {
    const { err } = await run(["init", "demo"]);
    expect(err).toContain("next: cd demo && spectest test");
    expect(readdirSync(join(dir, "demo/spectest"))).toEqual(["index.ts", "tests"]);
    await expect(run(["init", "demo"])).rejects.toMatchObject({ code: "USAGE" });
  });
});

describe("the past", () => {
  it("lists and replays runs", async () => {
    await run(["test"], fakeRun(wholeRun));
    const { runs } = JSON.parse((await run(["runs", "--json"])).out);
    expect(runs).toMatchObject([{ id: "20260102-030405-abcd", outcome: "failed", totals: { passed: 2 } }]);
    expect((await run(["replay"])).out).toContain("✗ pay");
    expect(JSON.parse((await run(["replay", "--json", "2026", "refund"])).out).tests.map((test: { id: string }) => test.id)).toEqual([
      "refund",
    ]);
    await expect(run(["replay", "2026", "refnud"])).rejects.toMatchObject({ code: "NOTHING_MATCHED", hint: 'did you mean "refund"?' });
    expect(existsSync(join(dir, ".spectest/runs"))).toBe(true);
  });

  it("says when there are none", async () => {
    await expect(run(["runs"])).rejects.toMatchObject({ code: "PROJECT_NOT_FOUND" });
  });
});
