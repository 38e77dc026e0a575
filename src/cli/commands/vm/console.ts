/** `vm console`: what the guest's kernel and init say on the serial port. */
import { open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { sanitizeLine } from "../../../events/sanitize.ts";
import type { CommandContext, Handler } from "../../context.ts";
import { findVm, withEngine } from "./engine.ts";

const POLL_MS = 100;
const DEFAULT_TAIL = 20;
const MAX_TAIL_BYTES = 4 * 1024 * 1024;

export const run: Handler = (input, context) =>
  withEngine(context, async (engine) => {
    const { machinePlaces } = await context.orchestrator();
    const { id } = await findVm(engine, input.requiredArg("vm"));
    const { serialLog } = await machinePlaces(engine.home, id);
    const file = await open(serialLog, "r");
    try {
      const { size } = await file.stat();
      const start = Math.max(0, size - MAX_TAIL_BYTES);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
      const text = buffer.toString("utf8", 0, bytesRead);
      const whole = text.trimEnd() === "" ? [] : text.trimEnd().split("\n");
      const lines = whole.slice(-(input.integer("tail") ?? DEFAULT_TAIL)).map(sanitizeLine);
      if (context.json) {
        context.io.json({ schemaVersion: 1, vm: id, lines });
        return 0;
      }
      context.io.out(lines.map((line) => `${line}\n`).join(""));
      await follow(context, file, start + bytesRead, async () => (await engine.list()).some((vm) => vm.id === id));
      return context.interrupts.by === "SIGINT" ? 0 : (context.interrupts.exitCode ?? 0);
    } finally {
      await file.close();
    }
  });

type File = Awaited<ReturnType<typeof open>>;

/** Whole lines as they come, until the machine is gone or the command is cancelled. */
async function follow(
  { io, interrupts: { signal } }: CommandContext,
  file: File,
  from: number,
  isThere: () => Promise<boolean>,
): Promise<void> {
  let position = from;
  let rest = "";
  for (let round = 1; !signal.aborted; round++) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(65_536), 0, 65_536, position);
    position += bytesRead;
    const lines = (rest + buffer.toString("utf8", 0, bytesRead)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) io.out(`${sanitizeLine(line)}\n`);
    if (bytesRead > 0) continue;
    if (round % 10 === 0 && !(await isThere())) return io.say("the machine is gone");
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}
