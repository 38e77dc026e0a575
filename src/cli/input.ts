import { SpectestError } from "../errors/index.ts";

/** Values of a parsed command line, typed by the accessor that reads them. Names are those of the command table. */
export class Input {
  readonly #options: Readonly<Record<string, unknown>>;
  readonly #args: readonly unknown[];
  readonly #names: readonly string[];

  /** @param names the arguments' names in order */
  constructor(options: Readonly<Record<string, unknown>>, names: readonly string[], args: readonly unknown[]) {
    this.#options = options;
    this.#names = names;
    this.#args = args;
  }

  flag(name: string): boolean {
    return this.#options[name] === true;
  }

  /** For options with a `--no-` form: undefined when neither was given. */
  maybeFlag(name: string): boolean | undefined {
    const value = this.#options[name];
    return typeof value === "boolean" ? value : undefined;
  }

  text(name: string): string | undefined {
    const value = this.#options[name];
    return typeof value === "string" ? value : undefined;
  }

  integer(name: string): number | undefined {
    const value = this.#options[name];
    return typeof value === "number" ? value : undefined;
  }

  /** Of a repeatable option. */
  list(name: string): string[] {
    return strings(this.#options[name]);
  }

  arg(name: string): string | undefined {
    const value = this.#args[this.#names.indexOf(name)];
    return typeof value === "string" ? value : undefined;
  }

  requiredArg(name: string): string {
    const value = this.arg(name);
    if (value === undefined) throw new SpectestError("USAGE", { what: `missing argument ${name.toUpperCase()}` });
    return value;
  }

  args(name: string): string[] {
    return strings(this.#args[this.#names.indexOf(name)]);
  }
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
