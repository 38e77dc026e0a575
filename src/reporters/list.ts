/** The plain face: bring-up lines, then one line per finished test, indented by its ancestors, then failures and totals. */
import { ancestorsOf, type RunModel, type TestModel, type TestState } from "../events/index.ts";
import { createBringUpLines } from "./bring-up.ts";
import { fullName } from "./failure.ts";
import { formatMs, symbols } from "../events/text.ts";
import { failuresText, totalsText } from "./summary.ts";
import type { Reporter, ReporterOptions } from "./types.ts";

export function createListReporter(options: ReporterOptions): Reporter {
  const bringUp = createBringUpLines(options);
  let previous: string | undefined;
  return {
    onEvent(event, model) {
      bringUp.onEvent(event, model);
      if (event.type === "test-finished") {
        const test = model.tests.get(event.id);
        if (!test) return;
        options.data(`${testLine(model, test, previous, options)}\n`);
        previous = test.id;
      } else if (event.type === "attempt-finished" && event.status === "failed" && options.verbose) {
        const name = model.tests.get(event.id)?.name ?? event.id;
        options.message(`  ${name}: attempt ${event.attempt} failed: ${event.error?.message.split("\n")[0] ?? ""}`);
      } else if (event.type === "run-finished") {
        options.data(`${failuresText(model, options)}${totalsText(model, options)}`);
      }
    },
  };
}

/** Where lines of parallel branches interleave, the whole path is named: indentation alone would mislead. */
function testLine(model: RunModel, test: TestModel, previous: string | undefined, { paint }: ReporterOptions): string {
  const above = previous === undefined ? [] : [...ancestorsOf(model, previous), previous];
  const follows = test.parent === undefined || above.includes(test.parent);
  const name = follows ? test.name : fullName(model, test);
  const note = noteOf(model, test);
  return `${"  ".repeat(test.depth)}${stateColor(test.state, paint)(symbols[test.state])} ${name}${note === "" ? "" : `  ${paint.dim(note)}`}`;
}

function noteOf(model: RunModel, test: TestModel): string {
  const { state, durationMs, reason, start, forkMs, attempts } = test;
  switch (state) {
    case "blocked":
      return `blocked by ${reason === undefined ? "an ancestor" : (model.tests.get(reason)?.name ?? reason)}`;
    case "skipped":
      return reason === undefined ? "skipped" : `skipped: ${reason.split("\n")[0]}`;
    case "cached":
      return "cached";
    default: {
      const cost =
        start === undefined || start === "continue" || forkMs === undefined
          ? ""
          : `, ${start === "fork" ? "fork" : "boot"} ${formatMs(forkMs)}`;
      const again = attempts > 1 ? `, ${attempts} attempts` : "";
      return `${formatMs(durationMs ?? 0)}${cost}${again}`;
    }
  }
}

export function stateColor(state: TestState, paint: ReporterOptions["paint"]): (text: string) => string {
  switch (state) {
    case "passed":
    case "cached":
      return paint.green;
    case "failed":
      return paint.red;
    case "flaky":
    case "blocked":
      return paint.yellow;
    case "running":
      return paint.cyan;
    default:
      return paint.dim;
  }
}
