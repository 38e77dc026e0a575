import type { ChalkInstance } from "chalk";
import type { RunEvent, RunModel } from "../events/index.ts";

/** Reads the stream of a run and writes text. Events and model are sanitised already. */
export interface Reporter {
  onEvent(event: RunEvent, model: RunModel): void;
}

export interface ReporterOptions {
  /** What the reporter was asked for: results. Text as it is, newlines included. */
  data: (text: string) => void;
  /** Everything else: progress, notices. */
  message: (text: string) => void;
  paint: ChalkInstance;
  verbose: boolean;
  /** Text of a file given as in an error's location, undefined when it cannot be read. */
  readSource: (file: string) => string | undefined;
  /** Directory that a GitHub annotation's paths are relative to. */
  workspaceDir?: string;
}
