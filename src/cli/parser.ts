/** commander's parser, built from the command table. Values are checked here, once, by their kind. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { SpectestError } from "../errors/index.ts";
import { commandHelp, rootHelp } from "./help.ts";
import { Input } from "./input.ts";
import { suggest } from "./suggest.ts";
import { type CommandSpec, commands, globalOptions, type OptionSpec, type ValueKind } from "./table/index.ts";

export interface Parsed {
  spec: CommandSpec;
  path: readonly string[];
  input: Input;
}

export type ParseResult = { type: "run"; parsed: Parsed } | { type: "print"; text: string };

/**
 * Reads the words after the program's name.
 *
 * @throws USAGE for everything that is not understood, with the nearest known word as a hint
 */
export async function parse(argv: readonly string[], width: number): Promise<ParseResult> {
  let found: Parsed | undefined;
  let text = "";
  const program = newCommand("spectest", width, rootHelp, (printed) => {
    text += printed;
  });
  program.enablePositionalOptions();
  for (const option of globalOptions) addOption(program, option);
  program
    .allowExcessArguments()
    .allowUnknownOption()
    .action(() => {
      if (program.args.length > 0) throw unknownCommand([], program.args, commands);
      text += rootHelp(width);
    });
  for (const spec of commands)
    addCommand(program, spec, [], width, (parsed) => {
      found = parsed;
    });
  try {
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code !== "commander.helpDisplayed" && error.code !== "commander.help") throw usageError(error, argv);
  }
  if (!found) return { type: "print", text };
  refuseUnavailable(found);
  return { type: "run", parsed: found };
}

function newCommand(name: string, width: number, help: (width: number) => string, print: (text: string) => void): Command {
  const command = new Command(name);
  command.exitOverride();
  command.configureOutput({ writeErr: () => undefined, writeOut: print });
  command.helpCommand(false);
  command.helpInformation = () => help(width);
  return command;
}

function addCommand(parent: Command, spec: CommandSpec, above: readonly string[], width: number, found: (parsed: Parsed) => void): void {
  const path = [...above, spec.name];
  const command = parent.command(spec.name);
  command.helpInformation = () => commandHelp(path, spec, width);
  command.helpCommand(false).allowExcessArguments(false);
  if (spec.passThrough) command.passThroughOptions();
  for (const option of [...(spec.options ?? []), ...globalOptions]) addOption(command, option);
  for (const arg of spec.args ?? []) {
    const name = `${arg.name}${arg.many ? "..." : ""}`;
    command.argument(arg.required ? `<${name}>` : `[${name}]`, arg.description);
  }
  for (const child of spec.commands ?? []) addCommand(command, child, path, width, found);
  if (spec.commands) {
    const children = spec.commands;
    command
      .allowExcessArguments()
      .allowUnknownOption()
      .action(() => {
        throw unknownCommand(path, command.args, children);
      });
    return;
  }
  const names = (spec.args ?? []).map((arg) => arg.name);
  command.action(() => {
    found({ spec, path, input: new Input(kebabKeys(optionsOf(command)), names, checkedArgs(spec, command)) });
  });
}

/** The command's own values win over those given before its name. */
function optionsOf(command: Command): Record<string, unknown> {
  const own = Object.entries(command.opts()).filter(([, value]) => value !== undefined);
  return { ...(command.parent ? optionsOf(command.parent) : {}), ...Object.fromEntries(own) };
}

/** commander's camel case back to the table's names. Options named `no-x` are stored as x=false by commander. */
function kebabKeys(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    const name = key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    result[name] = value;
    if (value === false) result[`no-${name}`] = true;
  }
  return result;
}

function addOption(command: Command, spec: OptionSpec): void {
  const flags = `${spec.short ? `-${spec.short}, ` : ""}--${spec.name}${spec.value ? ` <${spec.value.label}>` : ""}`;
  const option = new Option(flags, spec.description);
  const { value } = spec;
  if (value) {
    option.argParser((text: string, before: unknown) => {
      const checked = checkValue(text, value.kind);
      return value.many ? [...(Array.isArray(before) ? before : []), checked] : checked;
    });
  }
  command.addOption(option);
  if (spec.negatable) command.addOption(new Option(`--no-${spec.name}`));
  // Without this, commander answers `true` for every `--no-` switch nobody gave.
  if (spec.negatable || spec.name.startsWith("no-")) command.setOptionValueWithSource(option.attributeName(), undefined, "default");
}

function checkValue(text: string, kind: ValueKind): string | number {
  if (kind.type === "choice" && !kind.choices.includes(text)) {
    const [near] = suggest(text, kind.choices);
    throw new InvalidArgumentError(`must be one of ${kind.choices.join(", ")}${near === undefined ? "" : ` (did you mean ${near}?)`}`);
  }
  if (kind.type !== "integer") return text;
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < kind.min || number > (kind.max ?? Number.MAX_SAFE_INTEGER)) {
    throw new InvalidArgumentError(`must be a whole number from ${kind.min}${kind.max === undefined ? "" : ` to ${kind.max}`}`);
  }
  return number;
}

function checkedArgs(spec: CommandSpec, command: Command): unknown[] {
  return (spec.args ?? []).map((arg, index) => {
    const value: unknown = command.processedArgs[index];
    // Everything after the first argument is left alone, so the `--` that ends our own options is still there.
    if (spec.passThrough && Array.isArray(value) && value[0] === "--") return value.slice(1);
    if (typeof value !== "string" || arg.kind.type !== "choice" || arg.kind.choices.includes(value)) return value;
    const [near] = suggest(value, arg.kind.choices);
    throw new SpectestError("USAGE", {
      what: `${arg.name.toUpperCase()} is one of ${arg.kind.choices.join(", ")}, not "${value}"`,
      value,
      ...(near === undefined ? {} : { hint: `spectest ${spec.name} ${near}` }),
    });
  });
}

function unknownCommand(path: readonly string[], words: readonly string[], known: readonly CommandSpec[]): SpectestError {
  const above = ["spectest", ...path].join(" ");
  const [word] = words;
  if (word === undefined) return new SpectestError("USAGE", { what: `\`${above}\` needs a command`, hint: `${above} --help` });
  if (word.startsWith("-")) return unknownOption(above, word);
  const near = suggest(
    word,
    known.map((command) => command.name),
  );
  const hint = near.length === 0 ? `${above} --help` : `did you mean ${near.map((name) => `\`${above} ${name}\``).join(" or ")}?`;
  return new SpectestError("USAGE", { what: `unknown command "${[...path, word].join(" ")}"`, value: word, hint });
}

function unknownOption(above: string, word: string): SpectestError {
  const near = suggest(
    word,
    globalOptions.map((option) => `--${option.name}`),
  );
  return new SpectestError("USAGE", {
    what: `unknown option ${word}`,
    value: word,
    hint: near[0] === undefined ? `${above} --help` : `did you mean ${near[0]}?`,
  });
}

function refuseUnavailable({ spec, path, input }: Parsed): void {
  if (spec.unavailable)
    throw new SpectestError("USAGE", { what: `\`spectest ${path.join(" ")}\` is not available yet`, hint: "spectest --help" });
  for (const option of spec.options ?? []) {
    const given = input.flag(option.name) || (input.text(option.name) ?? input.integer(option.name)) !== undefined;
    if (option.unavailable && given) {
      throw new SpectestError("USAGE", { what: `--${option.name} is not available yet`, hint: `spectest ${path.join(" ")} --help` });
    }
  }
}

function usageError(error: CommanderError, argv: readonly string[]): SpectestError {
  const message = error.message.replace(/^error: /, "");
  const [what = message, ...rest] = message.split("\n");
  const near = /Did you mean (?:one of )?([^?]+)\?/.exec(rest.join(" "))?.[1];
  const path = argv.filter((word) => !word.startsWith("-")).slice(0, 1);
  const known = commands.some((command) => command.name === path[0]);
  const help = known ? `spectest ${path[0]} --help` : "spectest --help";
  return new SpectestError("USAGE", { what, hint: near === undefined ? help : `did you mean ${near.trim()}?` });
}
