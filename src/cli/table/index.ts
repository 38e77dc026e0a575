import { insideCommands } from "./inside.ts";
import { machineCommands } from "./machines.ts";
import { runCommands } from "./run.ts";
import type { CommandSpec } from "./types.ts";
import { pastCommands, setupCommands, upkeepCommands } from "./upkeep.ts";

export type { ArgumentSpec, CommandSpec, ExampleSpec, OptionSpec, ValueKind } from "./types.ts";
export { globalOptions } from "./types.ts";

/** Groups in the order in which help and the documentation show them. */
export const commandGroups: readonly { title: string; commands: readonly CommandSpec[] }[] = [
  { title: "Start", commands: setupCommands },
  { title: "Run", commands: runCommands },
  { title: "Look inside", commands: insideCommands },
  { title: "The past", commands: pastCommands },
  { title: "Machines", commands: machineCommands },
  { title: "Upkeep", commands: upkeepCommands },
];

export const commands: readonly CommandSpec[] = commandGroups.flatMap((group) => group.commands);

/** The command a path of words names, as far as it goes, and the words of that path. */
export function findCommand(words: readonly string[]): { spec: CommandSpec; path: string[] } | undefined {
  let spec: CommandSpec | undefined;
  let level = commands;
  const path: string[] = [];
  for (const word of words) {
    const next = level.find((command) => command.name === word);
    if (!next) break;
    spec = next;
    path.push(word);
    level = next.commands ?? [];
  }
  return spec && { spec, path };
}
