import { describe, expect, it } from "vitest";
import { commandHelp, rootHelp } from "../../../src/cli/help.ts";
import { parse } from "../../../src/cli/parser.ts";
import { reporterNames as tableReporters } from "../../../src/cli/table/run.ts";
import { type CommandSpec, commands } from "../../../src/cli/table/index.ts";
import { reporterNames } from "../../../src/reporters/index.ts";

function leaves(specs: readonly CommandSpec[], path: readonly string[] = []): { spec: CommandSpec; path: string[] }[] {
  return specs.flatMap((spec) => (spec.commands ? leaves(spec.commands, [...path, spec.name]) : [{ spec, path: [...path, spec.name] }]));
}

async function parsed(...words: string[]) {
  const result = await parse(words, 80);
  if (result.type !== "run") throw new Error(result.text);
  return result.parsed;
}

describe("the command table", () => {
  it("has a handler for every command that is available", async () => {
    for (const { spec, path } of leaves(commands)) {
      expect(spec.unavailable === true || spec.load !== undefined, path.join(" ")).toBe(true);
      const loaded = await spec.load?.();
      if (loaded) expect(typeof loaded.run).toBe("function");
    }
  });

  it("names no option twice in a command, and the same reporters as the reporters' room", () => {
    for (const { spec } of leaves(commands)) {
      const names = (spec.options ?? []).flatMap(({ name, short }) => (short === undefined ? [name] : [name, short]));
      expect(new Set(names).size).toBe(names.length);
    }
    expect([...tableReporters]).toEqual(reporterNames);
  });

  it("is what help shows: every command, option and exit code", () => {
    const root = rootHelp();
    for (const code of ["0", "1", "2", "3", "4", "5", "128+n"]) expect(root).toContain(`\n  ${code} `);
    for (const { spec, path } of leaves(commands)) {
      const help = commandHelp(path, spec);
      for (const option of spec.options ?? []) expect(help).toContain(`--${option.name}`);
      for (const line of help.split("\n")) expect(line.length, `${path.join(" ")}: ${line}`).toBeLessThanOrEqual(90);
      if (!spec.unavailable) expect(root).toContain(`  ${path[0]}`);
    }
  });
});

describe("parse", () => {
  it("reads options of every kind", async () => {
    const { input, path } = await parsed(
      "test",
      "shop",
      "pay",
      "-g",
      "a.*",
      "--tag",
      "x",
      "--tag",
      "y",
      "--workers",
      "3",
      "--no-cache",
      "--json",
    );
    expect(path).toEqual(["test"]);
    expect(input.args("filter")).toEqual(["shop", "pay"]);
    expect([
      input.text("grep"),
      input.list("tag"),
      input.integer("workers"),
      input.flag("no-cache"),
      input.flag("json"),
      input.flag("no-fork"),
    ]).toEqual(["a.*", ["x", "y"], 3, true, true, false]);
  });

  it("takes global options before and after the command, the later one winning", async () => {
    expect((await parsed("--ui", "plain", "test")).input.text("ui")).toBe("plain");
    expect((await parsed("--ui", "plain", "test", "--ui", "json")).input.text("ui")).toBe("json");
    expect((await parsed("test", "--no-color")).input.maybeFlag("color")).toBe(false);
    expect((await parsed("--color", "test")).input.maybeFlag("color")).toBe(true);
    expect((await parsed("test")).input.maybeFlag("color")).toBeUndefined();
  });

  it("leaves the command of exec alone, with and without --", async () => {
    for (const words of [
      ["exec", "db", "--", "ls", "-la", "--json"],
      ["exec", "db", "ls", "-la", "--json"],
    ]) {
      const { input } = await parsed(...words);
      expect(input.arg("service")).toBe("db");
      expect(input.args("command")).toEqual(["ls", "-la", "--json"]);
      expect(input.flag("json")).toBe(false);
    }
    expect((await parsed("exec", "--json", "db", "ls")).input.flag("json")).toBe(true);
  });

  it("finds nested commands", async () => {
    expect((await parsed("vm", "fork", "base", "--network", "denied")).path).toEqual(["vm", "fork"]);
  });

  it.each([
    [["tset"], /unknown command "tset"/, "did you mean `spectest test`?"],
    [["vm", "lss"], /unknown command "vm lss"/, "did you mean `spectest vm ls`?"],
    [["tset", "--json"], /unknown command "tset"/, "did you mean `spectest test`?"],
    [["--verbsoe"], /unknown option --verbsoe/, "did you mean --verbose?"],
    [["--nonsense", "test"], /unknown option --nonsense/, "spectest --help"],
    [["vm", "--jsno"], /unknown option --jsno/, "spectest vm --help"],
    [["vm"], /needs a command/, "spectest vm --help"],
    [["test", "--wrokers", "3"], /unknown option/, "did you mean --workers?"],
    [["test", "--workers", "x"], /whole number from 1/, "spectest test --help"],
    [["test", "--workers", "0"], /whole number from 1/, "spectest test --help"],
    [["test", "--ui", "plian"], /did you mean plain/, "spectest test --help"],
    [["test", "--watch"], /--watch is not available yet/, "spectest test --help"],
    [["test", "--last-failed"], /not available yet/, "spectest test --help"],
    [["test", "--repeat", "3"], /--repeat is not available yet/, "spectest test --help"],
    [["test", "--why"], /not available yet/, "spectest test --help"],
    [["eval", "1"], /`spectest eval` is not available yet/, "spectest --help"],
    [["image", "export"], /not available yet/, "spectest --help"],
    [["shell", "db", "--at", "t"], /--at is not available yet/, "spectest shell --help"],
    [["exec"], /missing required argument/, "spectest exec --help"],
    [["ps", "extra"], /too many arguments/, "spectest ps --help"],
    [["completions", "bahs"], /bash, zsh, fish/, "spectest completions bash"],
  ])("refuses %j", async (words, what, hint) => {
    await expect(parse(words, 80)).rejects.toMatchObject({ code: "USAGE", message: expect.stringMatching(what), hint });
  });

  it("prints help for nothing, --help and a command's --help", async () => {
    for (const [words, text] of [
      [[], "Usage: spectest <command>"],
      [["--help"], "Usage: spectest <command>"],
      [["test", "-h"], "Usage: spectest test [options] [FILTER...]"],
      [["vm", "--help"], "Usage: spectest vm <command>"],
    ] as const) {
      expect(await parse(words, 80)).toMatchObject({ type: "print", text: expect.stringContaining(text) });
    }
  });
});
