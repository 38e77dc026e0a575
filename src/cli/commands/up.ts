import { SpectestError } from "../../errors/index.ts";
import type { CommandContext, Handler } from "../context.ts";
import type { Input } from "../input.ts";
import { openSession, type Session } from "../session.ts";
import { rememberWords } from "../words.ts";
import { upDetached } from "./up-detached.ts";
import { sessionOptions } from "./run-options.ts";

export const run: Handler = async (input, context) =>
  input.flag("detach") ? await upDetached(input, context) : await upHere(input, context);

async function upHere(input: Input, context: CommandContext): Promise<number> {
  const session = await openSession(context, { reporters: [], stdoutTaken: context.json });
  try {
    return await keepUp(input, context, session);
  } finally {
    await session.close();
  }
}

async function keepUp(input: Input, context: CommandContext, session: Session): Promise<number> {
  const { startEnvironment } = await context.orchestrator();
  const environment = await startEnvironment(sessionOptions(input, context, session.events.emit));
  rememberWords(session.model);
  if (context.json) context.io.json({ schemaVersion: 1, id: environment.id, addresses: environment.addresses });
  else if (session.face === "plain") context.io.say("running until Ctrl-C (or `spectest down` in another terminal)");
  const left = session.face === "tui" ? session.untilLeft() : new Promise<never>(() => undefined);
  const ended = await Promise.race([
    environment.closed.then(() => "closed"),
    left.then(() => "left"),
    cancelled(context.interrupts.signal).then(() => "left"),
  ]);
  if (ended === "left") await environment.close();
  else if (!context.interrupts.signal.aborted) return unexpected(session);
  return context.interrupts.exitCode ?? 0;
}

/** `spectest down` ends an environment as it should be; a machine that died says so in its events. */
function unexpected(session: Session): number {
  const { finished } = session.model;
  if (finished?.error) throw new SpectestError("VM_DEAD", { what: finished.error.message });
  return 0;
}

function cancelled(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
