import type { Handler } from "../../context.ts";
import { findSnapshot, withEngine } from "./engine.ts";
import { keepRunning } from "./keep.ts";

export const run: Handler = (input, context) =>
  withEngine(context, async (engine) => {
    const { id } = await findSnapshot(engine, input.requiredArg("snapshot"));
    const name = input.text("name");
    const network = input.text("network") === "denied" ? "denied" : "open";
    const vm = await engine.fork(id, {
      signal: context.interrupts.signal,
      memory: "private",
      network,
      ...(name === undefined ? {} : { name }),
    });
    return keepRunning(context, vm);
  });
