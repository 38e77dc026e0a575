/** What the library delegates to while it runs in the guest. The project host installs it before it loads a project. */
import type { Assertion, AsymmetricMatchers, Expect, ExpectPollOptions, MatchersWithNot } from "./matchers.ts";

/** Public functions pass themselves along, so that a stack can be cut where the author's code begins. */
export type Callee = (...args: never[]) => unknown;

export interface RuntimeFunctions {
  /** `hard` throws at once, `soft` at the end of the test; both are recorded, `raw` is not. */
  assertion(actual: unknown, kind: "hard" | "soft" | "raw", callee: Callee): Assertion;
  poll(fn: () => unknown, options: ExpectPollOptions, callee: Callee): MatchersWithNot<Promise<void>>;
  asymmetric: AsymmetricMatchers & Pick<Expect, "any" | "anything">;
  notAsymmetric: AsymmetricMatchers;
  extend: Expect["extend"];
}

class RuntimeSlot {
  #functions: RuntimeFunctions | undefined;

  install(functions: RuntimeFunctions): void {
    this.#functions = functions;
  }

  get(name: string): RuntimeFunctions {
    if (!this.#functions) {
      throw new Error(`${name} works only inside the guest, where spectest runs tests; here a file of the project was merely imported`);
    }
    return this.#functions;
  }
}

/** One per copy of the library, which is one per process. */
export const runtimeSlot = new RuntimeSlot();
