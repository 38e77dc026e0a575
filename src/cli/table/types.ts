/** The command line as data: the parser, --help, docs/cli.md and the completions derive from these. */
import type { Handler } from "../context.ts";

/** What a value names, so that completions can offer the right words. */
export type ValueKind =
  | { type: "text" }
  | { type: "integer"; min: number; max?: number }
  | { type: "choice"; choices: readonly string[] }
  | { type: "file" | "directory" }
  /** Words from the project's or the machine's completion cache. */
  | { type: "test" | "service" | "snapshot" | "image" | "vm" | "run" };

export interface OptionSpec {
  /** Long name without dashes. */
  name: string;
  short?: string;
  /** Absent: a switch. */
  value?: { label: string; kind: ValueKind; many?: true };
  /** A switch whose `--no-NAME` form exists too. */
  negatable?: true;
  description: string;
  /** Accepted by the design but not built: refused with a clear message. */
  unavailable?: true;
}

export interface ArgumentSpec {
  name: string;
  kind: ValueKind;
  required?: true;
  many?: true;
  description: string;
}

export interface ExampleSpec {
  line: string;
  does: string;
}

export interface CommandSpec {
  name: string;
  summary: string;
  /** More than the summary, for --help. */
  details?: string;
  args?: readonly ArgumentSpec[];
  options?: readonly OptionSpec[];
  examples?: readonly ExampleSpec[];
  commands?: readonly CommandSpec[];
  /** What follows the first argument is left alone, options included. */
  passThrough?: true;
  /** Known, but not built yet. */
  unavailable?: true;
  /** Absent for a group of commands. */
  load?: () => Promise<{ run: Handler }>;
}

export const text: ValueKind = { type: "text" };
export const positive: ValueKind = { type: "integer", min: 1 };
export const natural: ValueKind = { type: "integer", min: 0 };
export function oneOf(...choices: readonly string[]): ValueKind {
  return { type: "choice", choices };
}

export const json: OptionSpec = { name: "json", description: "print JSON with a schemaVersion, and nothing else, on stdout" };
export const yes: OptionSpec = { name: "yes", short: "y", description: "do not ask before changing anything" };

/** Options of every command, before or after its name. */
export const globalOptions: readonly OptionSpec[] = [
  {
    name: "ui",
    value: { label: "FACE", kind: oneOf("auto", "tui", "plain", "json", "quiet") },
    description: "how a run is shown (default auto)",
  },
  { name: "color", negatable: true, description: "force or forbid colours" },
  { name: "verbose", description: "more detail, and stacks with errors" },
  { name: "cwd", value: { label: "DIR", kind: { type: "directory" } }, description: "act as if started in DIR" },
];
