/** Which test runs next. Pure bookkeeping: no machine, no clock. */
import type { TestStatus } from "../events/types.ts";
import type { TestCase } from "../protocol/index.ts";

export interface Finished {
  id: string;
  status: TestStatus;
  /** The ancestor that failed, or why it was skipped. */
  reason?: string;
}

type State = "waiting" | "running" | "finished";

/**
 * A run's tests as a tree. A test is ready when its parent passed and everything it comes `after` has finished.
 * Among the ready ones the one with the longest path below it goes first, then the deepest, then the first defined.
 */
export class Schedule {
  readonly #tests = new Map<string, TestCase>();
  readonly #children = new Map<string | undefined, TestCase[]>();
  readonly #state = new Map<string, State>();
  readonly #status = new Map<string, TestStatus>();
  readonly #pathMs = new Map<string, number>();
  readonly #order = new Map<string, number>();

  /** @param durationsMs recorded durations of earlier runs, by test id; unknown ones count as 1 s. */
  constructor(tests: readonly TestCase[], durationsMs: ReadonlyMap<string, number> = new Map()) {
    for (const test of tests) {
      this.#order.set(test.id, this.#tests.size);
      this.#tests.set(test.id, test);
      this.#state.set(test.id, "waiting");
    }
    for (const test of tests) {
      const parent = test.parent !== undefined && this.#tests.has(test.parent) ? test.parent : undefined;
      this.#children.set(parent, [...(this.#children.get(parent) ?? []), test]);
    }
    for (const test of tests) this.#measure(test.id, durationsMs);
  }

  #measure(id: string, durationsMs: ReadonlyMap<string, number>): number {
    const known = this.#pathMs.get(id);
    if (known !== undefined) return known;
    const below = this.childrenOf(id).map((child) => this.#measure(child.id, durationsMs));
    const path = (durationsMs.get(id) ?? 1_000) + Math.max(0, ...below);
    this.#pathMs.set(id, path);
    return path;
  }

  childrenOf(id: string | undefined): TestCase[] {
    return this.#children.get(id) ?? [];
  }

  get done(): boolean {
    return [...this.#state.values()].every((state) => state === "finished");
  }

  statusOf(id: string): TestStatus | undefined {
    return this.#status.get(id);
  }

  /** The best ready test, of the whole tree or among the children of one test. */
  next(parent?: string): TestCase | undefined {
    const candidates = parent === undefined ? [...this.#tests.values()] : this.childrenOf(parent);
    return candidates.filter((test) => this.#isReady(test)).sort((a, b) => this.#compare(a, b))[0];
  }

  #isReady(test: TestCase): boolean {
    if (this.#state.get(test.id) !== "waiting") return false;
    if (test.parent !== undefined && this.#tests.has(test.parent) && !this.#hasPassed(test.parent)) return false;
    return test.after.every((id) => !this.#tests.has(id) || this.#state.get(id) === "finished");
  }

  #hasPassed(id: string): boolean {
    const status = this.#status.get(id);
    return status === "passed" || status === "flaky" || status === "cached";
  }

  #compare(a: TestCase, b: TestCase): number {
    const byPath = (this.#pathMs.get(b.id) ?? 0) - (this.#pathMs.get(a.id) ?? 0);
    if (byPath !== 0) return byPath;
    const byDepth = this.depthOf(b.id) - this.depthOf(a.id);
    return byDepth !== 0 ? byDepth : (this.#order.get(a.id) ?? 0) - (this.#order.get(b.id) ?? 0);
  }

  depthOf(id: string): number {
    let depth = 0;
    for (
      let parent = this.#tests.get(id)?.parent;
      parent !== undefined && this.#tests.has(parent);
      parent = this.#tests.get(parent)?.parent
    )
      depth++;
    return depth;
  }

  start(id: string): void {
    if (this.#state.get(id) !== "waiting") throw new RangeError(`the test ${id} was started already`);
    this.#state.set(id, "running");
  }

  /** Records a verdict and returns every test that it decides: itself, and all below it when it did not pass. */
  finish(id: string, status: TestStatus, reason?: string): Finished[] {
    this.#state.set(id, "finished");
    this.#status.set(id, status);
    const decided: Finished[] = [reason === undefined ? { id, status } : { id, status, reason }];
    if (this.#hasPassed(id)) return decided;
    const below: TestStatus = status === "skipped" ? "skipped" : "blocked";
    const cause = this.#tests.get(id)?.name ?? id;
    for (const child of this.#below(id)) {
      this.#state.set(child.id, "finished");
      this.#status.set(child.id, below);
      decided.push({ id: child.id, status: below, reason: below === "skipped" ? `its ancestor "${cause}" is skipped` : cause });
    }
    return decided;
  }

  #below(id: string): TestCase[] {
    return this.childrenOf(id).flatMap((child) => (this.#state.get(child.id) === "finished" ? [] : [child, ...this.#below(child.id)]));
  }

  /** Tests that never started, e.g. after --bail or a cancel. */
  waiting(): TestCase[] {
    return [...this.#tests.values()].filter((test) => this.#state.get(test.id) === "waiting");
  }

  /** Finished or running children decide whether a captured state can still be needed. */
  needsState(id: string): boolean {
    return this.childrenOf(id).some((child) => this.#state.get(child.id) !== "finished");
  }
}
