import type { ErrorFamily } from "../errors/index.ts";

/** What a shell sees. Shown by --help and in docs/cli.md. */
export const exitCodes = {
  passed: 0,
  testsFailed: 1,
  usageOrProject: 2,
  bringUpFailed: 3,
  hostOrInternal: 4,
  nothingMatched: 5,
} as const;

export const exitCodeMeanings: readonly (readonly [string, string])[] = [
  ["0", "passed"],
  ["1", "tests failed"],
  ["2", "usage or project error"],
  ["3", "bring-up failed"],
  ["4", "host problem or internal error"],
  ["5", "nothing matched"],
  ["128+n", "ended by signal n (130: Ctrl-C)"],
];

const byFamily: Record<ErrorFamily, number> = {
  usage: exitCodes.usageOrProject,
  project: exitCodes.usageOrProject,
  "bring-up": exitCodes.bringUpFailed,
  host: exitCodes.hostOrInternal,
  internal: exitCodes.hostOrInternal,
  "nothing-matched": exitCodes.nothingMatched,
  cancelled: 130,
};

export function exitCodeOf(family: ErrorFamily): number {
  return byFamily[family];
}

export type SignalName = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGPIPE";
const signalNumbers: Record<SignalName, number> = { SIGHUP: 1, SIGINT: 2, SIGPIPE: 13, SIGTERM: 15 };

export function exitCodeOfSignal(signal: SignalName): number {
  return 128 + signalNumbers[signal];
}
