import { SpectestError } from "../../../errors/index.ts";
import type { Handler } from "../../context.ts";
import { formatBytes } from "../table-text.ts";
import { withHolder } from "./engine.ts";

export const run: Handler = (input, context) =>
  withHolder(context, input.requiredArg("vm"), async (vm, engine) => {
    const name = input.text("name");
    const taken = name === undefined ? undefined : (await engine.snapshots.list()).find((each) => each.name === name || each.id === name);
    if (taken)
      throw new SpectestError("USAGE", { what: `a snapshot is called "${name}" already`, value: name, hint: `spectest vm rm ${taken.id}` });
    const { snapshot, pauseMs, timings, dirtyMib } = await vm.capture({
      then: input.flag("stop") ? "stop" : "continue",
      ...(name === undefined ? {} : { name }),
    });
    if (context.json) {
      context.io.json({ schemaVersion: 1, snapshot, pauseMs, timings, ...(dirtyMib === undefined ? {} : { dirtyMib }) });
      return 0;
    }
    context.io.out(`${snapshot.id}\n`);
    context.io.say(
      `captured as a ${snapshot.kind}: the machine stood still for ${pauseMs.toFixed(1)} ms, ${formatBytes(snapshot.sizeBytes)}`,
    );
    return 0;
  });
