import type { Handler } from "../../context.ts";
import { findSnapshot, withEngine } from "./engine.ts";
import { keepRunning } from "./keep.ts";

/** Memory of its own, so that the machine can be captured as a template again. */
export const run: Handler = (input, context) =>
  withEngine(context, async (engine) => {
    const { id } = await findSnapshot(engine, input.requiredArg("snapshot"));
    const name = input.text("name");
    const vm = await engine.fork(id, { signal: context.interrupts.signal, memory: "template", ...(name === undefined ? {} : { name }) });
    return keepRunning(context, vm);
  });
