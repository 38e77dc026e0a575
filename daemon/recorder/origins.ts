import { inspect } from "node:util";
import type { Provenance } from "../../src/protocol/index.ts";
import { argumentEndsWithRead, type Position, positionAfter } from "./source-position.ts";

/** Shorter strings coincide too easily to say by their content where they came from. */
const TELLING_STRING_CHARS = 12;
const LONGEST_STRING_CHARS = 1024 * 1024;
const MOST_STRINGS = 20_000;

type Callee = (...args: never[]) => unknown;

interface Read extends Provenance {
  value: unknown;
  at: Position | undefined;
}

/**
 * Knows which event a value came from, while values stay plain. Three rules, each of which says nothing rather
 * than guess:
 *  1. an object: by identity;
 *  2. a string of 12 characters or more: by content, unless two events gave the same;
 *  3. any other value: only when it was the very last one read from a result, and that read stands, in the running
 *     code, at the end of the argument of the `expect(…)` that asks: `expect(res.status)`, not `expect(x)`.
 */
export class Origins {
  readonly #objects = new WeakMap<object, Provenance>();
  readonly #strings = new Map<string, Provenance | "ambiguous">();
  #lastRead: Read | undefined;

  /** Makes the known fields of a result tell when they are read. Enumerable accessors: JSON, spread and equality see plain data. */
  track<T extends object>(seq: number, bare: T): T & { unwrap(): T } {
    const result: object = {};
    for (const [path, value] of Object.entries(bare)) {
      this.remember(value, { seq, path });
      const get = (): unknown => {
        this.read(value, { seq, path }, get);
        return value;
      };
      const set = (next: unknown): void => {
        Object.defineProperty(result, path, { value: next, writable: true, enumerable: true, configurable: true });
      };
      Object.defineProperty(result, path, { get, set, enumerable: true, configurable: true });
    }
    Object.defineProperty(result, "unwrap", { value: () => ({ ...bare }), enumerable: false });
    Object.defineProperty(result, inspect.custom, { value: () => ({ ...result }), enumerable: false });
    this.remember(result, { seq, path: "" });
    // Built field by field from `bare`.
    return result as T & { unwrap(): T };
  }

  /** Notes a value by rules 1 and 2. */
  remember(value: unknown, from: Provenance): void {
    if (typeof value === "object" && value !== null) this.#objects.set(value, from);
    else if (typeof value === "function") this.#objects.set(value, from);
    else if (typeof value === "string") this.#rememberString(value, from);
  }

  /** Notes a JSON-like value with everything in it. */
  rememberDeep(value: unknown, from: Provenance, budget = { left: 5_000 }): void {
    this.remember(value, from);
    if (typeof value !== "object" || value === null) return;
    for (const [key, child] of Object.entries(value)) {
      if (budget.left-- <= 0) return;
      const step = Array.isArray(value) ? `[${key}]` : `${from.path === "" ? "" : "."}${key}`;
      this.rememberDeep(child, { seq: from.seq, path: `${from.path}${step}` }, budget);
    }
  }

  /** Notes that the author's code just read `value` through `callee` (rule 3). */
  read(value: unknown, from: Provenance, callee: Callee): void {
    this.#lastRead = { ...from, value, at: positionAfter(callee) };
  }

  /** A read whose position was taken earlier, because the value came later. */
  readAt(value: unknown, from: Provenance, at: Position | undefined): void {
    this.#lastRead = { ...from, value, at };
  }

  /** Where `value` came from. `callee` is the function it was handed to, e.g. `expect`. */
  of(value: unknown, callee: Callee): Provenance | undefined {
    const read = this.#lastRead;
    this.#lastRead = undefined;
    if ((typeof value === "object" && value !== null) || typeof value === "function") return copy(this.#objects.get(value));
    if (read && Object.is(read.value, value) && argumentEndsWithRead(positionAfter(callee), read.at)) return copy(read);
    const known = typeof value === "string" ? this.#strings.get(value) : undefined;
    return known === "ambiguous" ? undefined : copy(known);
  }

  #rememberString(text: string, from: Provenance): void {
    if (text.length < TELLING_STRING_CHARS || text.length > LONGEST_STRING_CHARS || this.#strings.size >= MOST_STRINGS) return;
    const known = this.#strings.get(text);
    const same = known === undefined || (known !== "ambiguous" && known.seq === from.seq);
    this.#strings.set(text, same ? (known ?? from) : "ambiguous");
  }
}

function copy(from: Provenance | undefined): Provenance | undefined {
  return from && { seq: from.seq, path: from.path };
}
