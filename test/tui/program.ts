/** The real view over synthetic events, as a program for a pseudo-terminal. SCENARIO names what happens. */
import { setTimeout as sleep } from "node:timers/promises";
import { createBus, type RunEvent } from "../../src/events/index.ts";
import { startTui } from "../../tui/index.ts";
import { bringUp, failedBringUp, finish, testing, wholeRun } from "../fixtures/run-events.ts";

const scenario = process.env.SCENARIO ?? "whole";
const cancel = new AbortController();
const bus = createBus((error) => process.stderr.write(`listener: ${String(error)}\n`));
let cancels = 0;

const tui = startTui({
  stdin: process.stdin,
  stdout: process.stdout,
  colorLevel: process.env.NO_COLOR ? 0 : 2,
  env: process.env,
  readSource(file) {
    if (scenario === "broken-view") throw new Error("the view is broken");
    return file.endsWith("shop.ts")
      ? Array.from({ length: 40 }, (_, index) => `const line${index + 1} = ${index + 1};`).join("\n")
      : undefined;
  },
  cancelled: cancel.signal,
  controls: {
    cancel() {
      cancels += 1;
      if (cancels > 1) {
        tui.restore();
        process.exit(130);
      }
      cancel.abort();
    },
  },
  onFailure: (error) => process.stdout.write(`failed over: ${error instanceof Error ? error.message : String(error)}\n`),
});
bus.subscribe(tui.onEvent);

const manyTests: RunEvent = {
  type: "tests-discovered",
  atMs: 2600,
  tests: Array.from({ length: 2000 }, (_, index) => ({
    id: `test ${index + 1}`,
    name: `test ${index + 1} 日本語`,
    file: "spectest/tests/many.ts",
    line: index + 1,
    after: [],
    timeoutMs: 1000,
    tags: [],
    retries: 0,
    mode: "run" as const,
  })),
  selected: Array.from({ length: 2000 }, (_, index) => `test ${index + 1}`),
};

const scenarios: Readonly<Record<string, readonly RunEvent[]>> = {
  whole: wholeRun,
  "broken-view": wholeRun,
  "bring-up": bringUp.slice(0, 8),
  failed: failedBringUp,
  running: [...bringUp, ...testing.slice(0, 12)],
  passed: [...bringUp, ...testing.slice(0, 6), { ...finish, type: "run-finished", outcome: "passed" } as RunEvent],
  many: [...bringUp, manyTests],
};

if (scenario === "crash") setTimeout(() => Promise.reject(new Error("crashed on purpose")), 300);
for (const event of scenarios[scenario] ?? bringUp.slice(0, 4)) bus.emit(event);
if (scenario === "resume") {
  for (const event of wholeRun.slice(4)) {
    await sleep(15);
    bus.emit(event);
  }
}
cancel.signal.addEventListener("abort", () => {
  if (scenario !== "stubborn") setTimeout(() => bus.emit({ ...finish, type: "run-finished", outcome: "cancelled" } as RunEvent), 50);
});
// Something real keeps a run alive; here it is this.
const alive = setInterval(() => undefined, 1000);
await tui.untilLeft();
await tui.close();
clearInterval(alive);
process.stdout.write("after the view\n");
process.exit(0);
