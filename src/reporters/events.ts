import type { Reporter, ReporterOptions } from "./types.ts";

/** Every event as a line of JSON, as it comes. Shapes: src/events/types.ts; the first line carries schemaVersion. */
export function createEventsReporter({ data }: ReporterOptions): Reporter {
  return { onEvent: (event) => data(`${JSON.stringify(event)}\n`) };
}
