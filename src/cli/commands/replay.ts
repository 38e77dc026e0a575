import { SpectestError } from "../../errors/index.ts";
import { emptyRun, foldRun, replayEvents, type RunEvent, type RunModel, totalsOf } from "../../events/index.ts";
import type { Handler } from "../context.ts";
import { openSession } from "../session.ts";
import { suggest } from "../suggest.ts";
import { readRun, runsDir } from "./past.ts";

/** Shows a recorded run through the same faces and reporters as a live one. */
export const run: Handler = async (input, context) => {
  const { events, id, cut } = await readRun(runsDir(context.cwd), input.arg("run"));
  const test = input.arg("test");
  const shown = test === undefined ? events : onlyTest(events, test);
  const session = await openSession(context, { reporters: context.json ? [{ name: "json" }] : [], journal: false });
  try {
    await replayEvents(shown, { onEvent: session.events.emit, signal: context.interrupts.signal });
    if (context.json && !session.model.finished) session.events.emit(unfinished(session.model));
    await session.untilLeft();
  } finally {
    await session.close();
  }
  if (cut || !session.model.finished) context.io.say(`note: the run ${id} was not finished: its record ends early`);
  return 0;
};

function onlyTest(events: readonly RunEvent[], wanted: string): RunEvent[] {
  const tests = events.flatMap((event) => (event.type === "tests-discovered" ? event.tests : []));
  const found = tests.find((test) => test.id === wanted) ?? tests.find((test) => test.name.includes(wanted));
  if (!found) {
    const near = suggest(
      wanted,
      tests.map((test) => test.name),
    );
    throw new SpectestError("NOTHING_MATCHED", {
      what: `the run has no test "${wanted}"`,
      ...(near[0] === undefined ? {} : { hint: `did you mean "${near[0]}"?` }),
    });
  }
  const only = events.flatMap((event): RunEvent[] => {
    if (event.type === "tests-discovered") return [{ ...event, selected: [found.id] }];
    return "id" in event && event.id !== found.id ? [] : [event];
  });
  const totals = totalsOf(only.reduce(foldRun, emptyRun));
  return only.map((event) => (event.type === "run-finished" ? { ...event, totals } : event));
}

function unfinished(model: RunModel): RunEvent {
  const { atMs } = model;
  return { type: "run-finished", atMs, outcome: "cancelled", totals: totalsOf(model), durationMs: atMs, forks: { count: 0, p50Ms: 0 } };
}
