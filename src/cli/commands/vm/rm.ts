import type { Handler } from "../../context.ts";
import { findSnapshot, withEngine } from "./engine.ts";

export const run: Handler = (input, context) =>
  withEngine(context, async (engine) => {
    const { id } = await findSnapshot(engine, input.requiredArg("snapshot"));
    await engine.snapshots.remove(id);
    if (context.json) context.io.json({ schemaVersion: 1, removed: id });
    else context.io.say(`snapshot ${id} is removed`);
    return 0;
  });
