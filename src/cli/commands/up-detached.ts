/** `up --detach`: the same program again as a process of its own, shown here until its environment is ready. */
import { closeSync, openSync, readSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { SpectestError } from "../../errors/index.ts";
import type { RunEvent } from "../../events/index.ts";
import { detachedFiles, startDetached } from "../../platform/detached.ts";
import type { CommandContext } from "../context.ts";
import type { Input } from "../input.ts";
import { openSession } from "../session.ts";
import { withEnvironment } from "./environment.ts";
import { conclude } from "./run-options.ts";

const POLL_MS = 100;

export async function upDetached(input: Input, context: CommandContext): Promise<number> {
  const files = detachedFiles(context.home, "events.jsonl");
  const child = startDetached(childArguments(input, context), { cwd: context.cwd, ...files });
  const session = await openSession(context, { reporters: [], stdoutTaken: context.json, journal: false });
  const onAbort = (): void => child.terminate();
  context.interrupts.signal.addEventListener("abort", onAbort, { once: true });
  try {
    for await (const event of follow(files.stdout, child.exited)) {
      session.events.emit(event);
      const isReady = event.type === "environment-ready" && !context.interrupts.signal.aborted && (await answers(context));
      if (isReady) return ready(context, event, child.pid);
    }
  } finally {
    context.interrupts.signal.removeEventListener("abort", onAbort);
    await session.close();
  }
  const { finished } = session.model;
  if (finished) return conclude(context, finished);
  if (context.interrupts.exitCode !== undefined) return context.interrupts.exitCode;
  throw new SpectestError("INTERNAL", { what: "the environment's process ended before it was ready", log: files.stderr });
}

/** The environment can be used once its process answers: captured is not yet up. */
async function answers(context: CommandContext): Promise<boolean> {
  return withEnvironment(context, async () => true).catch(() => false);
}

function ready({ io, json }: CommandContext, event: Extract<RunEvent, { type: "environment-ready" }>, pid: number): number {
  if (json) io.json({ schemaVersion: 1, pid, addresses: event.addresses });
  else io.say("running in the background: `spectest down` stops it");
  return 0;
}

function childArguments(input: Input, context: CommandContext): string[] {
  const [program = ""] = process.argv.slice(1);
  const words = [program, "up", "--ui", "json", "--cwd", context.cwd];
  if (input.flag("fresh")) words.push("--fresh");
  const accel = input.text("accel");
  if (accel !== undefined) words.push("--accel", accel);
  return words;
}

/** Events of a file that is still being written, until the writer has ended. */
async function* follow(path: string, exited: Promise<unknown>): AsyncGenerator<RunEvent> {
  const writer = { ended: false };
  void exited.then(() => {
    writer.ended = true;
  });
  const file = openSync(path, "r");
  try {
    let rest = "";
    for (;;) {
      const last = writer.ended;
      rest += readAll(file);
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") yield JSON.parse(line) as RunEvent;
      if (last) return;
      await sleep(POLL_MS);
    }
  } finally {
    closeSync(file);
  }
}

function readAll(file: number): string {
  const parts: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.alloc(65_536);
    const bytes = readSync(file, chunk, 0, chunk.length, null);
    if (bytes === 0) return Buffer.concat(parts).toString("utf8");
    parts.push(chunk.subarray(0, bytes));
  }
}
