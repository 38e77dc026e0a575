/** Ctrl-C and the other signals: the first cancels and lets everything be torn down, the second ends at once. */
import { exitCodeOfSignal, type SignalName } from "./exit-codes.ts";

export interface Interrupts {
  /** Fires on the first request to end. */
  readonly signal: AbortSignal;
  /** What asked first. */
  readonly by: SignalName | undefined;
  /** 128 + signal once something asked to end. */
  readonly exitCode: number | undefined;
  /** As if the signal had come from outside: a key in a raw terminal, a reader that left. */
  interrupt(by: SignalName): void;
  /** Called before the process ends by force, e.g. to restore the terminal. Returns a function that unregisters. */
  beforeForce(restore: () => void): () => void;
  /** Stops listening to the process's signals. */
  release(): void;
}

export interface InterruptEffects {
  say(text: string): void;
  /** Ends every process this one started, and their process groups. */
  killChildren(): void;
  exit(code: number): void;
}

const watched: readonly Exclude<SignalName, "SIGPIPE">[] = ["SIGINT", "SIGTERM", "SIGHUP"];

export function createInterrupts(source: Pick<NodeJS.EventEmitter, "on" | "off">, effects: InterruptEffects): Interrupts {
  const controller = new AbortController();
  const restores = new Set<() => void>();
  let by: SignalName | undefined;
  const force = (signal: SignalName): void => {
    for (const restore of restores) restore();
    effects.killChildren();
    effects.exit(exitCodeOfSignal(signal));
  };
  const interrupt = (signal: SignalName): void => {
    if (by !== undefined) {
      // A reader that left can be noticed many times over; only a request from outside may force.
      if (signal !== "SIGPIPE") force(signal);
      return;
    }
    by = signal;
    if (signal === "SIGINT") effects.say("cancelling: everything is being torn down (Ctrl-C again to force)");
    controller.abort();
  };
  const handlers = watched.map((name) => [name, () => interrupt(name)] as const);
  for (const [name, handler] of handlers) source.on(name, handler);
  return {
    signal: controller.signal,
    get by() {
      return by;
    },
    get exitCode() {
      return by === undefined ? undefined : exitCodeOfSignal(by);
    },
    interrupt,
    beforeForce(restore) {
      restores.add(restore);
      return () => {
        restores.delete(restore);
      };
    },
    release() {
      for (const [name, handler] of handlers) source.off(name, handler);
    },
  };
}
