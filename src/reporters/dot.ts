/** One character per test, then failures and totals. */
import { createBringUpLines } from "./bring-up.ts";
import { stateColor } from "./list.ts";
import { failuresText, totalsText } from "./summary.ts";
import type { Reporter, ReporterOptions } from "./types.ts";

const dots = { passed: ".", failed: "F", flaky: "f", skipped: "s", blocked: "b", cached: "c" } as const;

export function createDotReporter(options: ReporterOptions): Reporter {
  const bringUp = createBringUpLines(options);
  return {
    onEvent(event, model) {
      bringUp.onEvent(event, model);
      if (event.type === "test-finished") options.data(stateColor(event.status, options.paint)(dots[event.status]));
      else if (event.type === "run-finished") options.data(`\n${failuresText(model, options)}${totalsText(model, options)}`);
    },
  };
}
