import type { Handler } from "../context.ts";
import { columns, formatBytes } from "./table-text.ts";

export const run: Handler = async (_input, context) => {
  const { collectGarbage } = await context.orchestrator();
  const { removed } = await collectGarbage({ home: context.home, signal: context.interrupts.signal });
  const bytes = removed.reduce((sum, item) => sum + item.bytes, 0);
  if (context.json) context.io.json({ schemaVersion: 1, removed, bytes });
  else {
    if (removed.length > 0) context.io.out(columns(removed.map((item) => [item.kind, item.id, formatBytes(item.bytes)])));
    context.io.say(removed.length === 0 ? "nothing to remove" : `freed ${formatBytes(bytes)}`);
  }
  return 0;
};
