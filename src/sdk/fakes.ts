import type { NameContext } from "./context.ts";

export interface FakeHelperArgs<State> {
  name: string;
  /** The very object `state()` returned: a fork has its own. */
  state: State;
  ctx: NameContext;
}

/** One entry of `fakes`, its two types apart: what the handler keeps, and what tests see. */
export interface FakeHandling<State> {
  /** Names it answers to, over HTTP at `port` and over HTTPS at 443. `*.example.com` is a pattern. */
  hostnames: string[];
  /** Default 80. */
  port?: number;
  /** Names of environment variables with real credentials, needed only while recording. */
  secretRefs?: string[];
  /** Called once per bring-up. */
  state?: () => State | Promise<State>;
  /** Throwing answers 500 with the message. */
  handler: (request: Request, state: State, ctx: NameContext) => Response | Promise<Response>;
}

/** A fake as a value of its own, when it is not written inside `defineEnvironment`. */
export interface FakeDefinition<State, Helpers> extends FakeHandling<State> {
  helpers?: (args: FakeHelperArgs<State>) => Helpers;
}

/** Widest form, for code that handles any fake. */
export interface AnyFake extends Omit<FakeHandling<unknown>, "handler"> {
  handler: (request: Request, state: never, ctx: NameContext) => Response | Promise<Response>;
  helpers?: (args: FakeHelperArgs<never>) => unknown;
}
