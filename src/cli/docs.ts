/** Reference pages derived from data: docs/cli.md and docs/errors.md. A test keeps the files equal to these. */
import { catalogue, type ErrorFamily } from "../errors/index.ts";
import { exitCodeMeanings, exitCodeOf } from "./exit-codes.ts";
import { describeOption, optionUsage, usageOf } from "./help.ts";
import { commandGroups, type CommandSpec, globalOptions, type OptionSpec } from "./table/index.ts";

const generated = "<!-- Generated from the sources; `npx vitest run test/unit/cli/docs.test.ts -u` writes it anew. -->";

export function cliMarkdown(): string {
  const parts = [
    "# Command line",
    generated,
    "`spectest <command> [options]`. Data goes to standard output, messages to standard error. With `--json`, standard output carries JSON with a `schemaVersion` and nothing else.",
    "## Exit codes",
    table(
      ["code", "meaning"],
      exitCodeMeanings.map(([code, meaning]) => [code, meaning]),
    ),
    "## Global options",
    optionTable(globalOptions),
    ...commandGroups.flatMap(({ title, commands }) => [`## ${title}`, ...commands.flatMap((command) => commandSections(command, []))]),
  ];
  return `${parts.join("\n\n")}\n`;
}

function commandSections(spec: CommandSpec, above: readonly string[]): string[] {
  const path = [...above, spec.name];
  const parts = [`### ${path.join(" ")}`, `${spec.summary}.${spec.unavailable ? " **Not available yet.**" : ""}`];
  if (spec.details !== undefined) parts.push(spec.details);
  if (!spec.commands) parts.push(`\`\`\`\n${usageOf(path, spec)}\n\`\`\``);
  if (spec.args)
    parts.push(
      table(
        ["argument", "meaning"],
        spec.args.map((arg) => [`\`${arg.name.toUpperCase()}\``, arg.description]),
      ),
    );
  if (spec.options && spec.options.length > 0) parts.push(optionTable(spec.options));
  if (spec.examples) parts.push(`\`\`\`sh\n${spec.examples.map(({ line, does }) => `${line}  # ${does}`).join("\n")}\n\`\`\``);
  return [...parts, ...(spec.commands ?? []).flatMap((child) => commandSections(child, path))];
}

function optionTable(options: readonly OptionSpec[]): string {
  return table(
    ["option", "meaning"],
    options.map((option) => [`\`${optionUsage(option).trim()}\``, describeOption(option)]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

const families: Readonly<Record<ErrorFamily, string>> = {
  usage: "The command line",
  project: "The project",
  "bring-up": "Bringing the environment up",
  host: "The host and its machines",
  "nothing-matched": "Nothing to do",
  cancelled: "Cancelled",
  internal: "Defects",
};

export function errorsMarkdown(): string {
  const parts = [
    "# Errors",
    generated,
    "Every error has a code, which stays the same from version to version, and belongs to a family, which decides the exit code. `--json` output and journals carry the code.",
  ];
  for (const [family, title] of Object.entries(families) as [ErrorFamily, string][]) {
    const rows = Object.entries(catalogue).filter(([, entry]) => entry.family === family);
    parts.push(
      `## ${title} (exit code ${exitCodeOf(family)})`,
      table(
        ["code", "meaning"],
        rows.map(([code, entry]) => [`\`${code}\``, entry.meaning]),
      ),
    );
  }
  return `${parts.join("\n\n")}\n`;
}
