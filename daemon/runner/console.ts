import { format } from "node:util";
import type { HostLog } from "../ipc/messages.ts";

const LEVELS = ["debug", "info", "log", "warn", "error"] as const;

/**
 * Sends what the author's code prints to `sink` until the returned function is called.
 *
 * @example const restore = captureConsole(sink); try { … } finally { restore(); }
 */
export function captureConsole(sink: (line: HostLog) => void): () => void {
  // oxlint-disable-next-line no-console -- this is the place that redirects it
  const target = globalThis.console;
  const originals = LEVELS.map((level) => [level, target[level]] as const);
  for (const level of LEVELS) target[level] = (...values: unknown[]) => sink({ type: "log", level, text: format(...values) });
  return () => {
    for (const [level, original] of originals) target[level] = original;
  };
}
