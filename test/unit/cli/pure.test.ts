import { describe, expect, it } from "vitest";
import { colorLevel } from "../../../src/cli/color.ts";
import { exitCodeOfError, formatError, shownError } from "../../../src/cli/errors.ts";
import { exitCodeOfSignal } from "../../../src/cli/exit-codes.ts";
import { chooseFace, type FaceFacts } from "../../../src/cli/face.ts";
import { createInterrupts } from "../../../src/cli/interrupts.ts";
import { parseReporters } from "../../../src/cli/reporters.ts";
import { distance, suggest } from "../../../src/cli/suggest.ts";
import { type ErrorCode, SpectestError } from "../../../src/errors/index.ts";
import { descendantsOf } from "../../../src/platform/descendants.ts";
import { EventEmitter } from "node:events";

const person: FaceFacts = {
  choice: "auto",
  stdinIsTerminal: true,
  stdoutIsTerminal: true,
  columns: 80,
  rows: 24,
  stdoutTaken: false,
  env: { TERM: "xterm" },
};

describe("chooseFace", () => {
  it.each<[string, Partial<FaceFacts>, string]>([
    ["a person at a terminal", {}, "tui"],
    ["stdout is a pipe", { stdoutIsTerminal: false }, "plain"],
    ["stdin is a pipe", { stdinIsTerminal: false }, "plain"],
    ["CI", { env: { TERM: "xterm", CI: "true" } }, "plain"],
    ["CI=false is no CI", { env: { TERM: "xterm", CI: "false" } }, "tui"],
    ["an agent", { env: { TERM: "xterm", AI_AGENT: "1" } }, "plain"],
    ["TERM=dumb", { env: { TERM: "dumb" } }, "plain"],
    ["39 columns", { columns: 39 }, "plain"],
    ["7 rows", { rows: 7 }, "plain"],
    ["exactly 40×8", { columns: 40, rows: 8 }, "tui"],
    ["a reporter on stdout", { stdoutTaken: true }, "plain"],
    ["asked for in CI", { choice: "tui", env: { TERM: "xterm", CI: "1" } }, "tui"],
    ["asked for without a terminal", { choice: "tui", stdoutIsTerminal: false }, "plain"],
    ["lines asked for", { choice: "plain" }, "plain"],
    ["json asked for", { choice: "json" }, "json"],
    ["quiet asked for", { choice: "quiet" }, "quiet"],
  ])("%s", (_name, change, face) => {
    expect(chooseFace({ ...person, ...change })).toBe(face);
  });
});

describe("colorLevel", () => {
  const xterm = { TERM: "xterm-256color" };
  it.each<[string, boolean | undefined, boolean, Record<string, string>, number]>([
    ["a terminal", undefined, true, xterm, 2],
    ["no terminal", undefined, false, xterm, 0],
    ["the flag beats everything", true, false, { NO_COLOR: "1", FORCE_COLOR: "0", TERM: "dumb" }, 1],
    ["the other flag too", false, true, { FORCE_COLOR: "3" }, 0],
    ["FORCE_COLOR beats NO_COLOR", undefined, false, { FORCE_COLOR: "3", NO_COLOR: "1" }, 3],
    ["FORCE_COLOR=0 forbids", undefined, true, { ...xterm, FORCE_COLOR: "0" }, 0],
    ["an empty FORCE_COLOR forces", undefined, false, { FORCE_COLOR: "" }, 1],
    ["NO_COLOR", undefined, true, { ...xterm, NO_COLOR: "1" }, 0],
    ["an empty NO_COLOR is none", undefined, true, { ...xterm, NO_COLOR: "" }, 2],
    ["TERM=dumb", undefined, true, { TERM: "dumb" }, 0],
    ["true colour", undefined, true, { TERM: "xterm", COLORTERM: "truecolor" }, 3],
  ])("%s", (_name, flag, isTerminal, env, level) => {
    expect(colorLevel({ flag, isTerminal, env })).toBe(level);
  });
});

describe("suggest", () => {
  it("finds slips of one or two letters, and beginnings", () => {
    expect(suggest("tset", ["test", "setup", "exec"])).toEqual(["test"]);
    expect(suggest("dwon", ["down", "doctor"])).toEqual(["down"]);
    expect(suggest("sta", ["start", "stop"])).toEqual(["start"]);
    expect(suggest("zzz", ["test", "up"])).toEqual([]);
    expect(distance("ab", "ba")).toBe(1);
    expect(distance("kitten", "sitting")).toBe(3);
  });
});

describe("errors", () => {
  it.each<[ErrorCode | undefined, number]>([
    ["USAGE", 2],
    ["PROJECT_SYNTAX", 2],
    ["SERVICE_FAILED", 3],
    ["HOST_MISSING", 4],
    ["INTERNAL", 4],
    [undefined, 4],
    ["NOTHING_MATCHED", 5],
  ])("%s exits with %i", (code, exit) => {
    expect(exitCodeOfError(code)).toBe(exit);
  });

  it("formats what, where, hint and log, without what a terminal could obey", () => {
    const error = new SpectestError("PROJECT_SYNTAX", {
      what: "it \u001b[2Jdoes not compile",
      at: { file: "a.ts", line: 3, column: 4 },
      hint: "fix it",
      log: "/tmp/x.log",
      cause: new Error("unexpected }"),
    });
    expect(formatError(shownError(error), { verbose: false, color: 0 })).toBe(
      "error: it does not compile: unexpected }\n  at a.ts:3:4\n  hint: fix it\n  log: /tmp/x.log",
    );
    expect(formatError(shownError(error), { verbose: true, color: 0 })).toContain("caused by Error: unexpected }");
  });
});

describe("parseReporters", () => {
  it("reads names and files", () => {
    expect(parseReporters(["list,junit:out/a.xml"], false)).toEqual([{ name: "list" }, { name: "junit", file: "out/a.xml" }]);
    expect(parseReporters([], true)).toEqual([{ name: "json" }]);
    expect(parseReporters(["json"], true)).toEqual([{ name: "json" }]);
  });

  it("refuses unknown names, empty files and two on stdout", () => {
    expect(() => parseReporters(["jnuit:x"], false)).toThrow(/no reporter "jnuit"/);
    expect(() => parseReporters(["junit:"], false)).toThrow(/file name is missing/);
    expect(() => parseReporters(["dot", "json"], false)).toThrow(/both write/);
  });
});

describe("createInterrupts", () => {
  function start() {
    const source = new EventEmitter();
    const log: string[] = [];
    const interrupts = createInterrupts(source, {
      say: (text) => log.push(text),
      killChildren: () => log.push("kill"),
      exit: (code) => log.push(`exit ${code}`),
    });
    return { source, log, interrupts };
  }

  it("cancels at the first Ctrl-C and says how to force", () => {
    const { source, log, interrupts } = start();
    source.emit("SIGINT");
    expect(interrupts.signal.aborted).toBe(true);
    expect(interrupts.exitCode).toBe(130);
    expect(log).toEqual([expect.stringContaining("again to force")]);
  });

  it("restores, kills and exits at the second", () => {
    const { source, log, interrupts } = start();
    interrupts.beforeForce(() => log.push("restore"));
    interrupts.beforeForce(() => log.push("never"))();
    source.emit("SIGINT");
    source.emit("SIGINT");
    expect(log.slice(1)).toEqual(["restore", "kill", "exit 130"]);
  });

  it("tears down quietly for TERM and HUP, and is never forced by a reader that left", () => {
    const { source, log, interrupts } = start();
    source.emit("SIGHUP");
    interrupts.interrupt("SIGPIPE");
    expect(interrupts.exitCode).toBe(129);
    expect(log).toEqual([]);
    expect([exitCodeOfSignal("SIGTERM"), exitCodeOfSignal("SIGPIPE")]).toEqual([143, 141]);
  });

  it("stops listening when released", () => {
    const { source, interrupts } = start();
    interrupts.release();
    expect(source.listenerCount("SIGINT")).toBe(0);
  });
});

it("finds all descendants of a process", () => {
  const row = (pid: number, ppid: number): { pid: number; ppid: number; pgid: number } => ({ pid, ppid, pgid: pid });
  const all = [row(1, 0), row(10, 1), row(11, 10), row(12, 11), row(20, 1)];
  expect(descendantsOf(10, all).map((each) => each.pid)).toEqual([11, 12]);
});
