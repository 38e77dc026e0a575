import { type ArgumentSpec, type CommandSpec, json, natural, type OptionSpec, oneOf, positive, text } from "./types.ts";

const vm: ArgumentSpec = { name: "vm", kind: { type: "vm" }, required: true, description: "id or name of a machine" };
const snapshot: ArgumentSpec = { name: "snapshot", kind: { type: "snapshot" }, required: true, description: "id or name of a snapshot" };
const source: ArgumentSpec = { ...snapshot, description: "id or name of a snapshot, or of a running machine, which is captured first" };
const name: OptionSpec = { name: "name", value: { label: "NAME", kind: text }, description: "a name to call it by" };
const detach: OptionSpec = { name: "detach", description: "keep the machine in the background and print its id" };
const memory: OptionSpec = { name: "memory", value: { label: "MIB", kind: positive }, description: "guest memory in MiB" };
const count: OptionSpec = { name: "count", short: "n", value: { label: "N", kind: positive }, description: "how many measurements" };

const vmCommands: readonly CommandSpec[] = [
  { name: "ls", summary: "List machines and snapshots", options: [json], load: () => import("../commands/vm/ls.ts") },
  {
    name: "start",
    summary: "Boot the guest image and keep the machine until Ctrl-C",
    options: [name, memory, { name: "cpus", value: { label: "N", kind: positive }, description: "virtual CPUs" }, detach, json],
    examples: [{ line: "spectest vm start --detach --name web", does: "a machine in the background" }],
    load: () => import("../commands/vm/start.ts"),
  },
  {
    name: "stop",
    summary: "Stop a machine: the guest shuts down",
    args: [vm],
    options: [{ name: "now", description: "end it at once, without telling the guest" }, json],
    load: () => import("../commands/vm/stop.ts"),
  },
  {
    name: "capture",
    summary: "Capture memory, devices and disk of a running machine as a snapshot",
    details: "The machine is one that `vm start`, `vm fork`, `vm resume` or `up` keeps, here or in another terminal.",
    args: [vm],
    options: [name, { name: "stop", description: "stop the machine afterwards, which makes capturing cheaper" }, json],
    examples: [{ line: "spectest vm capture 4k2x9q --name warm", does: "a snapshot that `vm fork warm` continues" }],
    load: () => import("../commands/vm/capture.ts"),
  },
  {
    name: "resume",
    summary: "Continue a snapshot in a machine with memory of its own and keep it until Ctrl-C",
    args: [source],
    options: [name, detach, json],
    load: () => import("../commands/vm/resume.ts"),
  },
  {
    name: "fork",
    summary: "Continue a snapshot in a machine that shares its memory copy-on-write and keep it until Ctrl-C",
    args: [source],
    options: [
      name,
      { name: "network", value: { label: "MODE", kind: oneOf("open", "denied") }, description: "guest egress (default open)" },
      detach,
      json,
    ],
    examples: [{ line: "spectest vm fork base --network denied", does: "a fork without egress" }],
    load: () => import("../commands/vm/fork.ts"),
  },
  {
    name: "rm",
    summary: "Remove a snapshot that nothing needs",
    args: [snapshot],
    options: [json],
    load: () => import("../commands/vm/rm.ts"),
  },
  {
    name: "info",
    summary: "Show everything known of a machine or a snapshot",
    args: [{ name: "id", kind: { type: "vm" }, required: true, description: "id or name of a machine or snapshot" }],
    options: [json],
    load: () => import("../commands/vm/info.ts"),
  },
  {
    name: "console",
    summary: "Follow a machine's serial console",
    details: "With --json: the last lines, once.",
    args: [vm],
    options: [{ name: "tail", value: { label: "N", kind: positive }, description: "begin with the last N lines (default 20)" }, json],
    load: () => import("../commands/vm/console.ts"),
  },
  {
    name: "shell",
    summary: "Open a root shell in a machine, or run a command in it",
    details:
      "Ctrl-] leaves the shell, which goes on. A COMMAND of one word is a line for sh; several words are a program and its arguments. Exits with the command's own exit code. Options of spectest come before VM.",
    args: [vm, { name: "command", kind: text, many: true, description: "a line for sh, or a program and its arguments" }],
    options: [{ name: "stdin", short: "i", description: "pass standard input on to the command" }, json],
    passThrough: true,
    examples: [{ line: "spectest vm shell web -- 'docker ps'", does: "one command" }],
    load: () => import("../commands/vm/shell.ts"),
  },
];

const imageCommands: readonly CommandSpec[] = [
  {
    name: "build",
    summary: "Build the guest image, or do nothing when its inputs have not changed",
    options: [{ name: "force", description: "build even when nothing has changed" }, json],
    load: () => import("../commands/image/build.ts"),
  },
  { name: "ls", summary: "List guest images", options: [json], load: () => import("../commands/image/ls.ts") },
  {
    name: "rm",
    summary: "Remove a guest image",
    args: [{ name: "digest", kind: { type: "image" }, required: true, description: "its digest, or enough of it to be unique" }],
    options: [json],
    load: () => import("../commands/image/rm.ts"),
  },
  { name: "export", summary: "Write a guest image to a file", unavailable: true },
  { name: "import", summary: "Read a guest image from a file", unavailable: true },
];

const benchCommands: readonly CommandSpec[] = [
  {
    name: "fork",
    summary: "Measure how long forking a machine takes",
    options: [
      count,
      {
        name: "pool",
        value: { label: "KIND", kind: oneOf("parked", "started", "none") },
        description: "QEMU processes kept ready for forks",
      },
      memory,
      {
        name: "fill",
        value: { label: "MIB", kind: positive },
        description: "memory the guest writes to before it is captured, as services would",
      },
      { name: "depth", value: { label: "N", kind: natural }, description: "deltas between the template and the fork" },
      { name: "baseline", description: "also measure QEMU's own mapped-ram with multifd on the same guest" },
      json,
    ],
    load: () => import("../commands/bench/fork.ts"),
  },
  {
    name: "capture",
    summary: "Measure how long capturing a machine takes, and what it writes",
    options: [count, memory, json],
    load: () => import("../commands/bench/capture.ts"),
  },
  { name: "suite", summary: "Measure a whole run of tests", unavailable: true },
  { name: "cli", summary: "Measure start-up of the command line", unavailable: true },
];

export const machineCommands: readonly CommandSpec[] = [
  { name: "vm", summary: "Machines and snapshots themselves", commands: vmCommands },
  { name: "image", summary: "Guest images", commands: imageCommands },
  { name: "bench", summary: "Measurements on this host", commands: benchCommands },
];
