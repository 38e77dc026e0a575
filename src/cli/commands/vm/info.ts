import { sanitizeLine } from "../../../events/sanitize.ts";
import type { Handler } from "../../context.ts";
import { columns } from "../table-text.ts";
import { findVm, pick, withEngine } from "./engine.ts";

export const run: Handler = (input, context) =>
  withEngine(context, async (engine) => {
    const wanted = input.requiredArg("id");
    const snapshot = pick(await engine.snapshots.list(), wanted);
    const vm = snapshot ? undefined : await findVm(engine, wanted);
    // Why this host runs machines the way it does; a machine's own accelerator is among its fields.
    const { reason: acceleratorReason } = (await engine.host()).accelerator;
    if (context.json) context.io.json({ schemaVersion: 1, ...(snapshot ? { snapshot } : { vm, acceleratorReason }) });
    else {
      const fields = snapshot ?? { ...vm, acceleratorReason };
      context.io.out(columns(Object.entries(fields).map(([name, value]) => [name, shown(value)])));
    }
    return 0;
  });

function shown(value: unknown): string {
  return sanitizeLine(typeof value === "string" ? value : JSON.stringify(value));
}
