/** --help, rendered from the command table. */
import { exitCodeMeanings } from "./exit-codes.ts";
import { commandGroups, globalOptions, type ArgumentSpec, type CommandSpec, type OptionSpec, type ValueKind } from "./table/index.ts";

type Row = readonly [string, string];

export function usageOf(path: readonly string[], spec: CommandSpec): string {
  const parts = ["spectest", ...path];
  if (spec.commands) parts.push("<command>");
  if ((spec.options ?? []).length > 0) parts.push("[options]");
  for (const arg of spec.args ?? []) parts.push(argumentUsage(arg));
  return parts.join(" ");
}

function argumentUsage({ name, required, many }: ArgumentSpec): string {
  const word = `${name.toUpperCase()}${many ? "..." : ""}`;
  return required ? word : `[${word}]`;
}

export function optionUsage({ name, short, value, negatable }: OptionSpec): string {
  const long = `--${name}${value ? ` ${value.label}` : ""}`;
  return `${short ? `-${short}, ` : "    "}${long}${negatable ? `, --no-${name}` : ""}`;
}

export function describeKind(kind: ValueKind): string {
  if (kind.type === "choice") return ` (${kind.choices.join(", ")})`;
  return "";
}

export function describeOption(option: OptionSpec): string {
  const note = option.unavailable ? " (not available yet)" : "";
  return `${option.description}${option.value ? describeKind(option.value.kind) : ""}${note}`;
}

function table(rows: readonly Row[], width: number): string[] {
  const left = Math.min(28, Math.max(...rows.map(([name]) => name.length)));
  return rows.flatMap(([name, text]) => {
    const lines = wrap(text, Math.max(20, width - left - 4));
    const indent = " ".repeat(left + 4);
    if (name.length > left) return [`  ${name}`, ...lines.map((line) => indent + line)];
    return lines.map((line, index) => (index === 0 ? `  ${name.padEnd(left)}  ${line}` : indent + line));
  });
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function section(title: string, rows: readonly Row[], width: number): string[] {
  return rows.length === 0 ? [] : ["", `${title}:`, ...table(rows, width)];
}

function globalRows(): Row[] {
  const rows = globalOptions.map((option): Row => [optionUsage(option), describeOption(option)]);
  return [...rows, ["-h, --help", "show this help"]];
}

function summaryOf(spec: CommandSpec): string {
  return spec.unavailable ? `${spec.summary} (not available yet)` : spec.summary;
}

/** @param width columns of the screen; text wraps at most there */
export function rootHelp(width = 80): string {
  const groups = commandGroups.flatMap(({ title, commands }) =>
    section(
      title,
      commands.filter((command) => !command.unavailable).map((command): Row => [command.name, summaryOf(command)]),
      width,
    ),
  );
  const lines = [
    "End-to-end tests over real services, each test in its own fork of a live local machine.",
    "",
    "Usage: spectest <command> [options]",
    ...groups,
    ...section("Options", [...globalRows(), ["-V, --version", "print the version"]], width),
    ...section("Exit codes", exitCodeMeanings, width),
    ...section(
      "Environment",
      [
        ["SPECTEST_HOME", "machine-wide state: images, snapshots, machines (default ~/.cache/spectest)"],
        ["SPECTEST_ACCEL", "how guests are run: auto, kvm, hvf, tcg"],
        ["SPECTEST_QEMU", "path of the QEMU to use"],
      ],
      width,
    ),
    "",
    "`spectest <command> --help` tells more of one command.",
  ];
  return `${lines.join("\n")}\n`;
}

export function commandHelp(path: readonly string[], spec: CommandSpec, width = 80): string {
  const lines = [
    ...wrap(`${summaryOf(spec)}.`, width),
    "",
    `Usage: ${usageOf(path, spec)}`,
    ...(spec.details === undefined ? [] : ["", ...wrap(spec.details, width)]),
    ...section(
      "Commands",
      (spec.commands ?? []).map((command): Row => [command.name, summaryOf(command)]),
      width,
    ),
    ...section(
      "Arguments",
      (spec.args ?? []).map((arg): Row => [arg.name.toUpperCase(), `${arg.description}${describeKind(arg.kind)}`]),
      width,
    ),
    ...section(
      "Options",
      (spec.options ?? []).map((option): Row => [optionUsage(option), describeOption(option)]),
      width,
    ),
    ...section("Global options", globalRows(), width),
    ...examples(spec),
    ...section("Exit codes", exitCodeMeanings, width),
  ];
  return `${lines.join("\n")}\n`;
}

function examples(spec: CommandSpec): string[] {
  if (!spec.examples) return [];
  return ["", "Examples:", ...spec.examples.flatMap(({ line, does }) => [`  ${line}`, `      ${does}`])];
}
