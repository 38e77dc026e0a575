/** `vm shell`: the root shell on the machine's console, or one command through its holder. */
import { text as readText } from "node:stream/consumers";
import { SpectestError } from "../../../errors/index.ts";
import type { Handler } from "../../context.ts";
import { connectConsole } from "./console-terminal.ts";
import { withHolder } from "./engine.ts";

const COMMAND_LIMIT_MS = 24 * 3600 * 1000;

export const run: Handler = (input, context) => {
  const { io } = context;
  const words = input.args("command");
  const isTerminal = io.stdin.isTTY && io.stdout.isTTY;
  if (words.length === 0 && !isTerminal) {
    throw new SpectestError("USAGE", { what: "vm shell needs a terminal", hint: "spectest vm shell VM -- COMMAND" });
  }
  return withHolder(context, input.requiredArg("vm"), async (vm, engine) => {
    if (words.length === 0) {
      const { machinePlaces } = await context.orchestrator();
      const { consoleSocket } = await machinePlaces(engine.home, vm.id);
      return connectConsole(context, vm, consoleSocket);
    }
    // One word is a line for the shell, as with ssh; several are a program and its arguments, as they are.
    const argv = words.length === 1 ? ["sh", "-c", words[0] ?? ""] : words;
    const stdin = input.flag("stdin") ? await readText(io.stdin) : undefined;
    const result = await vm.exec(argv, { timeoutMs: COMMAND_LIMIT_MS, ...(stdin === undefined ? {} : { stdin }) });
    if (context.json) io.json({ schemaVersion: 1, ...result });
    else {
      io.out(result.stdout);
      io.stderr.write(result.stderr);
    }
    return result.exitCode;
  });
};
