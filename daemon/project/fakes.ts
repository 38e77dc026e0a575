/** The fakes of one environment: their state, made once, and what their handlers and helpers do with it. */
import { SpectestError } from "../../src/errors/index.ts";
import type { NameContext } from "../../src/sdk/context.ts";
import type { AnyFake } from "../../src/sdk/fakes.ts";

export interface Fakes {
  /** Calls every `state()` and every helpers factory. Once: state belongs to the bring-up and forks with the process. */
  prepare(): Promise<void>;
  /** What each fake's helpers factory returned, by fake. */
  helpers(): ReadonlyMap<string, object>;
  /** Runs a fake's handler. Throws what the handler throws. */
  handle(name: string, request: Request): Promise<Response>;
}

export function createFakes(definitions: Readonly<Record<string, AnyFake>>, ctx: NameContext): Fakes {
  const states = new Map<string, unknown>();
  const helpers = new Map<string, object>();

  const prepareOne = async (name: string, fake: AnyFake): Promise<void> => {
    try {
      const state: unknown = await fake.state?.();
      states.set(name, state);
      // The definition was checked as a whole: its own helpers take its own state.
      const made: unknown = await fake.helpers?.({ name, state: state as never, ctx });
      helpers.set(name, typeof made === "object" && made !== null ? made : {});
    } catch (cause) {
      throw new SpectestError("SETUP_FAILED", { what: `fakes.${name}: its state or helpers could not be made`, cause });
    }
  };

  return {
    prepare: async () => {
      await Promise.all(Object.entries(definitions).map(async ([name, fake]) => await prepareOne(name, fake)));
    },
    helpers: () => helpers,
    handle: async (name, request) => {
      const fake = definitions[name];
      if (!fake) throw new SpectestError("DAEMON_NOT_FOUND", { what: `no fake is called ${name}` });
      const response: unknown = await fake.handler(request, states.get(name) as never, ctx);
      if (response instanceof Response) return response;
      throw new TypeError(`the handler of fakes.${name} returned ${String(response)} for ${request.method} ${request.url}, not a Response`);
    },
  };
}
