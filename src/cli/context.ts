import type * as orchestrator from "../orchestrator/index.ts";
import type { ColorLevel } from "./color.ts";
import type { FaceChoice } from "./face.ts";
import type { Input } from "./input.ts";
import type { Interrupts } from "./interrupts.ts";
import type { Io } from "./io.ts";

/** What a handler may use. Everything outside the process comes through here, so that tests can hand in their own. */
export interface CommandContext {
  /** Absolute; after --cwd. */
  cwd: string;
  /** Absolute machine-wide state directory. */
  home: string;
  env: Readonly<Record<string, string | undefined>>;
  io: Io;
  ui: FaceChoice;
  verbose: boolean;
  /** --json or its equivalent was given. */
  json: boolean;
  colors: { out: ColorLevel; err: ColorLevel };
  interrupts: Interrupts;
  /** Loaded when first asked for: most commands do without. */
  orchestrator(): Promise<Orchestrator>;
}

export type Orchestrator = typeof orchestrator;

/** Returns the exit code. */
export type Handler = (input: Input, context: CommandContext) => Promise<number>;
