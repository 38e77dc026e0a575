import type { TestContext } from "./context.ts";

declare const returned: unique symbol;

/** A defined test, to be named in `dependsOn` and `after`. Carries the type of what the test returns. */
export interface TestHandle<R = unknown> {
  readonly id: string;
  readonly name: string;
  /** Only a type: never there at run time. */
  readonly [returned]?: R;
}

export interface TestOptions<P = undefined> {
  /** The one test whose machine this one starts from; what it returned is `ctx.parent`. */
  dependsOn?: TestHandle<P>;
  /** Tests that must be finished before this one starts; nothing is inherited from them. */
  after?: readonly TestHandle[];
  /** Default 60,000. */
  timeoutMs?: number;
  tags?: readonly string[];
  /** Further attempts after a failure, each in a new fork. Default 0. */
  retries?: number;
  /** Default: file and full name. Stable ids keep cached results across renames. */
  id?: string;
}

/** `P` is the type of `ctx.parent`. */
export type TestBody<Svc, Fakes, P, R> = (ctx: TestContext<Svc, Fakes, P>) => R;

export interface DefineTest<Svc, Fakes> {
  <R>(name: string, fn: TestBody<Svc, Fakes, undefined, R>): TestHandle<Awaited<R>>;
  <R, P = undefined>(name: string, options: TestOptions<P>, fn: TestBody<Svc, Fakes, P, R>): TestHandle<Awaited<R>>;
}

export interface DefineTodo {
  (name: string, options?: TestOptions): TestHandle<never>;
}

export type EachBody<Svc, Fakes, P, T, R> = (ctx: TestContext<Svc, Fakes, P>, value: T) => R;

export interface DefineEach<Svc, Fakes> {
  /**
   * One test per case. In the name, `%s` and `$value` stand for the case, `$field` for one of its fields and
   * `%#` for its index.
   *
   * @example env.test.each([1, 2])("adds %s", async (ctx, n) => { … });
   */
  <T>(
    cases: readonly T[],
  ): {
    <R>(name: string, fn: EachBody<Svc, Fakes, undefined, T, R>): TestHandle<Awaited<R>>[];
    <R, P = undefined>(name: string, options: TestOptions<P>, fn: EachBody<Svc, Fakes, P, T, R>): TestHandle<Awaited<R>>[];
  };
}

export interface TestFunction<Svc, Fakes> extends DefineTest<Svc, Fakes> {
  /** Only tests so marked, and their ancestors, run. */
  only: DefineTest<Svc, Fakes>;
  skip: DefineTest<Svc, Fakes>;
  /** Shown as a reminder, never run. */
  todo: DefineTodo;
  /** Passes when the body fails. */
  fails: DefineTest<Svc, Fakes>;
  each: DefineEach<Svc, Fakes>;
}

export interface DefineGroup {
  /** Titles of enclosing groups go before the test's name, joined by " > ". */
  (title: string, body: () => void): void;
}
export interface DescribeFunction extends DefineGroup {
  only: DefineGroup;
  skip: DefineGroup;
}
