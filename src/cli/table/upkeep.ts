import { type CommandSpec, json, oneOf, yes } from "./types.ts";

export const setupCommands: readonly CommandSpec[] = [
  {
    name: "setup",
    summary: "Prepare this host: what is missing, the guest image, the base machine",
    options: [yes, json],
    examples: [{ line: "spectest setup --yes", does: "without questions" }],
    load: () => import("../commands/setup.ts"),
  },
  {
    name: "doctor",
    summary: "Check this host and say how to fix what is wrong",
    options: [json],
    load: () => import("../commands/doctor.ts"),
  },
  {
    name: "init",
    summary: "Write a small project whose test passes",
    args: [{ name: "dir", kind: { type: "directory" }, description: "default: the current directory" }],
    options: [json],
    examples: [{ line: "spectest init demo && spectest --cwd demo test", does: "a first run" }],
    load: () => import("../commands/init.ts"),
  },
];

export const pastCommands: readonly CommandSpec[] = [
  { name: "runs", summary: "List the recorded runs of this project", options: [json], load: () => import("../commands/runs.ts") },
  {
    name: "replay",
    summary: "Show a recorded run again",
    args: [
      { name: "run", kind: { type: "run" }, description: "default: the newest" },
      { name: "test", kind: { type: "test" }, description: "only this test" },
    ],
    options: [json],
    load: () => import("../commands/replay.ts"),
  },
  {
    name: "report",
    summary: "Write a report of a recorded run",
    args: [{ name: "run", kind: { type: "run" }, description: "default: the newest" }],
    options: [{ name: "html", value: { label: "FILE", kind: { type: "file" } }, description: "write HTML to FILE" }],
    unavailable: true,
  },
];

export const upkeepCommands: readonly CommandSpec[] = [
  {
    name: "gc",
    summary: "Remove what nothing needs: dead machines, old snapshots",
    options: [json],
    load: () => import("../commands/gc.ts"),
  },
  {
    name: "completions",
    summary: "Print the completion script of a shell",
    args: [{ name: "shell", kind: oneOf("bash", "zsh", "fish"), required: true, description: "the shell" }],
    examples: [
      { line: "spectest completions bash > ~/.local/share/bash-completion/completions/spectest", does: "install for bash" },
      { line: "spectest completions fish > ~/.config/fish/completions/spectest.fish", does: "install for fish" },
    ],
    load: () => import("../commands/completions.ts"),
  },
];
