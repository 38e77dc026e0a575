import { type CommandSpec, json, natural, type OptionSpec, oneOf, positive, text } from "./types.ts";

const accel: OptionSpec = {
  name: "accel",
  value: { label: "NAME", kind: oneOf("auto", "kvm", "hvf", "tcg") },
  description: "how guests are run (default: SPECTEST_ACCEL, else the fastest that works)",
};
const fresh: OptionSpec = { name: "fresh", description: "build the environment anew, even when a captured one fits" };

export const reporterNames = ["list", "dot", "json", "junit", "github", "events"] as const;

const selection: readonly OptionSpec[] = [
  { name: "grep", short: "g", value: { label: "RE", kind: text }, description: "only tests whose name matches the regular expression" },
  { name: "tag", value: { label: "TAG", kind: text, many: true }, description: "only tests with this tag (repeatable)" },
  { name: "shard", value: { label: "I/N", kind: text }, description: "only the I-th of N equal parts" },
  { name: "last-failed", description: "only tests that failed in the last run", unavailable: true },
  { name: "list", description: "print the selected tests and run none" },
];

const execution: readonly OptionSpec[] = [
  { name: "workers", value: { label: "N", kind: positive }, description: "machines at a time (default: by cores and free memory)" },
  { name: "retries", value: { label: "N", kind: natural }, description: "run a failed test again up to N times" },
  { name: "repeat", value: { label: "N", kind: positive }, description: "run every selected test N times", unavailable: true },
  { name: "bail", value: { label: "N", kind: positive }, description: "stop after N failures" },
  { name: "watch", description: "run again on changes", unavailable: true },
  { name: "no-cache", description: "run tests even when nothing they depend on has changed" },
  { name: "no-fork", description: "boot a machine for every leaf instead of forking (slow; a control)" },
  { name: "why", description: "explain why each test runs instead of being cached", unavailable: true },
  fresh,
  accel,
];

const output: readonly OptionSpec[] = [
  {
    name: "reporter",
    value: { label: "LIST", kind: text, many: true },
    description: `reporters, comma-separated, each NAME or NAME:FILE (${reporterNames.join(", ")})`,
  },
  json,
];

export const runCommands: readonly CommandSpec[] = [
  {
    name: "test",
    summary: "Run tests, each in its own fork of the environment",
    details: "FILTER is a part of a test's file or name. Without filters, all tests run.",
    args: [{ name: "filter", kind: { type: "test" }, many: true, description: "part of a file or test name" }],
    options: [...selection, ...execution, ...output],
    examples: [
      { line: "spectest test", does: "everything" },
      { line: "spectest test checkout -g 'pay.*'", does: "tests of files or names with checkout that match the expression" },
      { line: "spectest test --reporter list,junit:report.xml", does: "lines on the terminal, and a JUnit file" },
      { line: "spectest test --retries 2 --bail 1", does: "give flakes a chance, stop at the first failure" },
    ],
    load: () => import("../commands/test.ts"),
  },
  {
    name: "up",
    summary: "Bring the environment up and keep it, with its ports on this host's loopback",
    options: [{ name: "detach", short: "d", description: "return when it is ready; `spectest down` stops it" }, fresh, accel, json],
    examples: [
      { line: "spectest up", does: "until Ctrl-C" },
      { line: "spectest up --detach && spectest ps", does: "in the background" },
    ],
    load: () => import("../commands/up.ts"),
  },
  {
    name: "down",
    summary: "Stop the environment that `up` keeps for this project",
    options: [json],
    load: () => import("../commands/down.ts"),
  },
];
