/**
 * The matchers of `expect`, as Jest defines them. `R` is what a call returns: void, or a promise after
 * `.resolves`, `.rejects` and on `expect.poll`.
 */
export interface Matchers<R> {
  /** Same value by `Object.is`. */
  toBe(expected: unknown): R;
  /** Recursively equal; `undefined` fields and types of objects do not matter. */
  toEqual(expected: unknown): R;
  /** Recursively equal, `undefined` fields and classes included. */
  toStrictEqual(expected: unknown): R;
  toBeCloseTo(expected: number, digits?: number): R;
  toBeDefined(): R;
  toBeUndefined(): R;
  toBeNull(): R;
  toBeNaN(): R;
  toBeTruthy(): R;
  toBeFalsy(): R;
  toBeGreaterThan(expected: number | bigint): R;
  toBeGreaterThanOrEqual(expected: number | bigint): R;
  toBeLessThan(expected: number | bigint): R;
  toBeLessThanOrEqual(expected: number | bigint): R;
  toBeInstanceOf(expected: new (...args: never[]) => unknown): R;
  /** An item by `===`, or a part of a string. */
  toContain(expected: unknown): R;
  /** An item by recursive equality. */
  toContainEqual(expected: unknown): R;
  toHaveLength(expected: number): R;
  /** A path such as "user.names[0]" or `["user", "names", 0]`, with a value if one is given. */
  toHaveProperty(path: string | readonly (string | number)[], value?: unknown): R;
  toMatch(expected: string | RegExp): R;
  /** Fields of the expected object are there and equal; others do not matter. */
  toMatchObject(expected: object | readonly object[]): R;
  toThrow(expected?: string | RegExp | Error | (new (...args: never[]) => Error)): R;
  toThrowError(expected?: string | RegExp | Error | (new (...args: never[]) => Error)): R;
}

export interface MatchersWithNot<R> extends Matchers<R> {
  not: Matchers<R>;
}

/** What `expect(value)` returns. */
export interface Assertion extends MatchersWithNot<void> {
  /** Awaits a promise and judges its value. */
  resolves: MatchersWithNot<Promise<void>>;
  /** Awaits the failure of a promise and judges the error. */
  rejects: MatchersWithNot<Promise<void>>;
}

export interface AsymmetricMatchers {
  arrayContaining(items: readonly unknown[]): unknown;
  closeTo(value: number, digits?: number): unknown;
  objectContaining(fields: object): unknown;
  stringContaining(text: string): unknown;
  stringMatching(pattern: string | RegExp): unknown;
}

export interface ExpectPollOptions {
  /** Default 30,000. */
  timeoutMs?: number;
  /** Default 1,000. */
  intervalMs?: number;
}

export interface Expect extends AsymmetricMatchers {
  /**
   * Judges a value; the verdict is recorded, with the event the value came from where that is known.
   *
   * @example expect(res.status).toBe(201);
   */
  (actual: unknown): Assertion;
  /** Records a failure and goes on; the test fails at its end with all of them. */
  soft(actual: unknown): Assertion;
  /**
   * Calls `fn` again and again until the matcher passes.
   *
   * @example await expect.poll(() => ctx.fakes.mail.sent()).toHaveLength(1);
   */
  poll(fn: () => unknown, options?: ExpectPollOptions): MatchersWithNot<Promise<void>>;
  any(type: unknown): unknown;
  anything(): unknown;
  not: AsymmetricMatchers;
  /** Adds matchers of your own, in the form Jest takes them. */
  extend(matchers: Record<string, (this: unknown, actual: never, ...expected: never[]) => unknown>): void;
}
