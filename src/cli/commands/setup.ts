import { createInterface } from "node:readline/promises";
import { SpectestError } from "../../errors/index.ts";
import type { CommandContext, Handler } from "../context.ts";
import { openSession } from "../session.ts";
import { printChecks } from "./doctor.ts";

export const run: Handler = async (input, context) => {
  const orchestrator = await context.orchestrator();
  const yes = input.flag("yes");
  const missing = await orchestrator.missingOnHost();
  if (missing.length > 0) {
    printChecks(context, { checks: missing }, context.io.say);
    if (!yes && !(await confirmed(context))) return 4;
  }
  const session = await openSession(
    { ...context, ui: context.ui === "tui" || context.ui === "auto" ? "plain" : context.ui },
    { reporters: [], stdoutTaken: true, journal: false },
  );
  try {
    await orchestrator.prepareHost({
      home: context.home,
      onEvent: session.events.emit,
      signal: context.interrupts.signal,
      onInstall: context.io.say,
    });
  } finally {
    await session.close();
  }
  if (context.json) context.io.json({ schemaVersion: 1, ready: true });
  else context.io.say("this host is ready: `spectest init demo` writes a first project");
  return 0;
};

async function confirmed({ io, interrupts }: CommandContext): Promise<boolean> {
  if (!io.stdin.isTTY)
    throw new SpectestError("USAGE", {
      what: "setup asks before changing this host, and there is nobody to ask",
      hint: "spectest setup --yes",
    });
  const lines = createInterface({ input: io.stdin, output: io.stderr });
  try {
    const answer = await lines.question("Install what is missing? [y/N] ", { signal: interrupts.signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
