import { type ArgumentSpec, type CommandSpec, json, positive, text } from "./types.ts";

const service: ArgumentSpec = { name: "service", kind: { type: "service" }, description: "a service of the environment" };
const at = {
  name: "at",
  value: { label: "TEST", kind: { type: "test" } },
  description: "in the state a test left behind",
  unavailable: true,
} as const;

export const insideCommands: readonly CommandSpec[] = [
  { name: "ps", summary: "List the services of the running environment", options: [json], load: () => import("../commands/ps.ts") },
  {
    name: "logs",
    summary: "Print the logs of services",
    args: [service],
    options: [
      { name: "follow", short: "f", description: "keep printing as lines come" },
      { name: "tail", value: { label: "N", kind: positive }, description: "only the last N lines" },
      json,
    ],
    examples: [{ line: "spectest logs api -f --tail 50", does: "the last lines, then new ones" }],
    load: () => import("../commands/logs.ts"),
  },
  {
    name: "exec",
    summary: "Run a command in a service's container",
    details: "Exits with the command's own exit code. Options of spectest come before SERVICE.",
    args: [
      { ...service, required: true },
      { name: "command", kind: text, required: true, many: true, description: "program and arguments" },
    ],
    options: [{ name: "stdin", short: "i", description: "pass standard input on" }, json],
    passThrough: true,
    examples: [{ line: "spectest exec db -- psql -U postgres -c 'select 1'", does: "one query" }],
    load: () => import("../commands/exec.ts"),
  },
  {
    name: "shell",
    summary: "Open a terminal in a service's container",
    args: [{ ...service, description: "default: the only service" }],
    options: [at],
    load: () => import("../commands/shell.ts"),
  },
  {
    name: "forward",
    summary: "Forward a port of a service to this host's loopback",
    args: [{ name: "target", kind: text, required: true, description: "SERVICE:PORT[:LOCAL]" }],
    unavailable: true,
  },
  {
    name: "eval",
    summary: "Run a snippet of TypeScript in the environment",
    args: [{ name: "code", kind: text, description: "the snippet; none opens a REPL" }],
    options: [
      { name: "file", short: "f", value: { label: "FILE", kind: { type: "file" } }, description: "read the snippet from a file" },
      at,
      json,
    ],
    unavailable: true,
  },
];
