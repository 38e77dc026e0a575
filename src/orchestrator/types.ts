import type { EventListener } from "../events/types.ts";

/** What every command that runs machines for a project is told. */
export interface SessionOptions {
  /** Absolute machine-wide state directory. */
  home: string;
  /** Absolute; the project is looked for here and above. */
  cwd: string;
  accelerator?: "auto" | "kvm" | "hvf" | "tcg";
  qemuPath?: string;
  onEvent: EventListener;
  signal: AbortSignal;
  /** Builds the environment anew even when a captured one fits. */
  fresh?: boolean;
}

export interface TestOptions extends SessionOptions {
  /** Parts of file names or test names; none means all. */
  filters: string[];
  grep?: string;
  tags: string[];
  workers?: number;
  /** Overrides the tests' own number of retries. */
  retries?: number;
  /** How often the whole selection runs; default 1. */
  repeat?: number;
  /** Stop starting tests after so many failures. */
  bail?: number;
  shard?: { index: number; count: number };
  listOnly?: boolean;
  noCache?: boolean;
  /** Control experiment: every leaf gets a freshly booted machine and its ancestors run again in it. */
  noFork?: boolean;
}
