/** At most one of the works that exclude each other: bring-up, test, evaluation, loading. */
import { SpectestError } from "../src/errors/index.ts";

export interface Exclusive {
  /** @throws SpectestError DAEMON_CONFLICT, naming what runs and what was refused */
  run<T>(what: string, work: () => Promise<T>): Promise<T>;
  readonly running: string | undefined;
}

export function createExclusive(): Exclusive {
  let running: string | undefined;
  return {
    run: async (what, work) => {
      if (running !== undefined) throw new SpectestError("DAEMON_CONFLICT", { what: `${what} must wait: ${running} is in progress` });
      running = what;
      try {
        return await work();
      } finally {
        running = undefined;
      }
    },
    get running() {
      return running;
    },
  };
}
