/** The command table, flattened to what completion needs: per path of words, what may follow. */
import { type CommandSpec, commands, globalOptions, type OptionSpec, type ValueKind } from "../src/cli/table/index.ts";

export interface Place {
  /** Words of the command, e.g. "vm fork"; empty for the program itself. */
  path: string;
  commands: readonly { name: string; does: string }[];
  options: readonly { flags: readonly string[]; does: string; kind: string | undefined }[];
  /** Kinds of the arguments, the last one for all that follow when `many`. */
  args: readonly string[];
  many: boolean;
  /** After the first argument, everything belongs to another program. */
  passThrough: boolean;
}

/** Every place of the command line, the program itself first. What is not available is not offered. */
export function places(): Place[] {
  const top: Place = {
    path: "",
    commands: offered(commands),
    options: [...options([]), versionOption],
    args: [],
    many: false,
    passThrough: false,
  };
  return [top, ...commands.flatMap((spec) => placesOf(spec, ""))];
}

const versionOption = { flags: ["--version", "-V"], does: "print the version", kind: undefined };

function placesOf(spec: CommandSpec, above: string): Place[] {
  if (spec.unavailable) return [];
  const path = above === "" ? spec.name : `${above} ${spec.name}`;
  const place: Place = {
    path,
    commands: offered(spec.commands ?? []),
    options: options(spec.options ?? []),
    args: (spec.args ?? []).map((arg) => kindWord(arg.kind)),
    many: spec.args?.at(-1)?.many === true,
    passThrough: spec.passThrough === true,
  };
  return [place, ...(spec.commands ?? []).flatMap((child) => placesOf(child, path))];
}

function offered(specs: readonly CommandSpec[]): { name: string; does: string }[] {
  return specs.filter((spec) => !spec.unavailable).map(({ name, summary }) => ({ name, does: summary }));
}

function options(own: readonly OptionSpec[]): { flags: string[]; does: string; kind: string | undefined }[] {
  const all = [...own, ...globalOptions].filter((option) => !option.unavailable);
  const rows = all.flatMap(({ name, short, value, negatable, description }) => {
    const row = {
      flags: [`--${name}`, ...(short === undefined ? [] : [`-${short}`])],
      does: description,
      kind: value && kindWord(value.kind),
    };
    return negatable ? [row, { flags: [`--no-${name}`], does: description, kind: undefined }] : [row];
  });
  return [...rows, { flags: ["--help", "-h"], does: "show help", kind: undefined }];
}

/** One word that the scripts' `offer` understands; choices are joined by commas. */
function kindWord(kind: ValueKind): string {
  return kind.type === "choice" ? `choice:${kind.choices.join(",")}` : kind.type;
}

/** Text for a single-quoted string of a POSIX shell or of fish, where only these two could end it. */
export function quote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "")}'`;
}
