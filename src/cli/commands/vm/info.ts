import { sanitizeLine } from "../../../events/sanitize.ts";
import type { Handler } from "../../context.ts";
import { columns } from "../table-text.ts";
import { findVm, pick, withEngine } from "./engine.ts";

export const run: Handler = (input, context) =>
  withEngine(context, async (engine) => {
    const wanted = input.requiredArg("id");
    const snapshot = pick(await engine.snapshots.list(), wanted);
    const vm = snapshot ? undefined : await findVm(engine, wanted);
    if (context.json) context.io.json({ schemaVersion: 1, ...(snapshot ? { snapshot } : { vm }) });
    else context.io.out(columns(Object.entries(snapshot ?? vm ?? {}).map(([name, value]) => [name, shown(value)])));
    return 0;
  });

function shown(value: unknown): string {
  return sanitizeLine(typeof value === "string" ? value : JSON.stringify(value));
}
