import type { RunControls, RunEvent, RunModel } from "../src/events/index.ts";

export interface TuiOptions {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  colorLevel: 0 | 1 | 2 | 3;
  env: Readonly<Record<string, string | undefined>>;
  /** Text of a source file of the project. */
  readSource: (file: string) => string | undefined;
  /** Fires when the run was asked to end, from wherever. */
  cancelled: AbortSignal;
  controls: RunControls;
  /** The view is gone and the terminal restored. */
  onFailure: (error: unknown) => void;
}

export interface Tui {
  onEvent: (event: RunEvent, model: RunModel) => void;
  untilLeft(): Promise<void>;
  close(): Promise<void>;
  /** Gives the terminal back at once; for the moments before the process ends by force. */
  restore: () => void;
}

export function startTui(_options: TuiOptions): Tui {
  throw new Error("not part of this build");
}
