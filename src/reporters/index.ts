import { createDotReporter } from "./dot.ts";
import { createEventsReporter } from "./events.ts";
import { createGithubReporter } from "./github.ts";
import { createJsonReporter } from "./json.ts";
import { createJunitReporter } from "./junit.ts";
import { createListReporter } from "./list.ts";
import type { Reporter, ReporterOptions } from "./types.ts";

export { createBringUpLines } from "./bring-up.ts";
export { formatMs } from "../events/text.ts";
export { withoutCommands } from "./github.ts";
export { JSON_REPORT_VERSION, type JsonReport, jsonReport } from "./json.ts";
export { failedServicesText, failuresText, totalsText } from "./summary.ts";
export type { Reporter, ReporterOptions } from "./types.ts";

const makers = {
  list: createListReporter,
  dot: createDotReporter,
  json: createJsonReporter,
  junit: createJunitReporter,
  github: createGithubReporter,
  events: createEventsReporter,
} as const satisfies Record<string, (options: ReporterOptions) => Reporter>;

export type ReporterName = keyof typeof makers;
export const reporterNames = Object.keys(makers);

export function isReporterName(name: string): name is ReporterName {
  return Object.hasOwn(makers, name);
}

export function createReporter(name: ReporterName, options: ReporterOptions): Reporter {
  return makers[name](options);
}
