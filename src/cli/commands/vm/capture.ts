import type { Handler } from "../../context.ts";
import { askVm } from "./control.ts";
import { findVm, type Vm, withEngine } from "./engine.ts";

type CaptureResult = Awaited<ReturnType<Vm["capture"]>>;

export const run: Handler = async (input, context) => {
  const { id } = await withEngine(context, (engine) => findVm(engine, input.requiredArg("vm")));
  const name = input.text("name");
  const then = input.flag("stop") ? "stop" : "continue";
  const { snapshot, pauseMs, timings } = (await askVm(context.home, id, {
    op: "capture",
    then,
    ...(name === undefined ? {} : { name }),
  })) as CaptureResult;
  if (context.json) context.io.json({ schemaVersion: 1, snapshot, pauseMs, timings });
  else {
    context.io.out(`${snapshot.id}\n`);
    context.io.say(`captured as a ${snapshot.kind}; the machine stood still for ${pauseMs.toFixed(0)} ms`);
  }
  return 0;
};
