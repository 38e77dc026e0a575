/** From words to an exit code: parse, build the context, run the handler, show what went wrong. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { SpectestError } from "../errors/index.ts";
import { killDescendants } from "../platform/descendants.ts";
import { spectestHome } from "../platform/paths.ts";
import { type ColorLevel, colorLevel } from "./color.ts";
import type { CommandContext } from "./context.ts";
import { errorJson, exitCodeOfError, formatError, shownError } from "./errors.ts";
import type { FaceChoice } from "./face.ts";
import type { Input } from "./input.ts";
import { createInterrupts, type Interrupts } from "./interrupts.ts";
import { createIo, type Io } from "./io.ts";
import { parse } from "./parser.ts";

/** Ends the process with the exit code of the command. */
export async function runCommandLine(words: readonly string[], host: NodeJS.Process): Promise<void> {
  const io = createIo(host, () => interrupts.interrupt("SIGPIPE"));
  const interrupts: Interrupts = createInterrupts(host, { say: io.say, killChildren: killDescendants, exit: (code) => host.exit(code) });
  const code = await runWords(words, host, io, interrupts);
  await io.flush();
  // A reader that left is noticed only after the last write.
  host.exit(interrupts.by === "SIGPIPE" ? (interrupts.exitCode ?? code) : code);
}

async function runWords(words: readonly string[], host: NodeJS.Process, io: Io, interrupts: Interrupts): Promise<number> {
  const early = { verbose: words.includes("--verbose"), color: errorColor(words, host), json: words.includes("--json") };
  try {
    const result = await parse(words, Math.min(io.stdout.columns ?? 80, 100));
    if (result.type === "print") {
      io.out(result.text);
      return 0;
    }
    const { spec, input } = result.parsed;
    if (!spec.load) throw new SpectestError("INTERNAL", { what: `the command ${spec.name} has no handler` });
    const { run } = await spec.load();
    const code = await run(input, createContext(input, host, io, interrupts));
    return interrupts.exitCode ?? code;
  } catch (error) {
    if (interrupts.exitCode !== undefined && !early.verbose) return interrupts.exitCode;
    const shown = shownError(error);
    io.say(formatError(shown, early));
    if (early.json) io.json(errorJson(shown));
    return interrupts.exitCode ?? exitCodeOfError(shown.code);
  }
}

/** Colours of error messages have to be known before the command line is understood. */
function errorColor(words: readonly string[], host: NodeJS.Process): ColorLevel {
  const flag = words.includes("--no-color") ? false : words.includes("--color") ? true : undefined;
  return colorLevel({ flag, isTerminal: host.stderr.isTTY === true, env: host.env });
}

function createContext(input: Input, host: NodeJS.Process, io: Io, interrupts: Interrupts): CommandContext {
  const { env } = host;
  const flag = input.maybeFlag("color");
  return {
    cwd: startDirectory(input.text("cwd"), host.cwd()),
    home: spectestHome(env),
    env,
    io,
    ui: (input.text("ui") ?? "auto") as FaceChoice,
    verbose: input.flag("verbose"),
    json: input.flag("json"),
    colors: {
      out: colorLevel({ flag, isTerminal: io.stdout.isTTY === true, env }),
      err: colorLevel({ flag, isTerminal: io.stderr.isTTY === true, env }),
    },
    interrupts,
    orchestrator: () => import("../orchestrator/index.ts"),
  };
}

function startDirectory(given: string | undefined, current: string): string {
  const directory = resolve(current, given ?? ".");
  const isDirectory = statSync(directory, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (!isDirectory) throw new SpectestError("USAGE", { what: `--cwd: ${directory} is not a directory`, value: directory });
  return directory;
}
