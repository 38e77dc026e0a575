/** Something to undo, with a name for the log. */
interface Release {
  name: string;
  run: () => Promise<void> | void;
}

/**
 * Collects what must be undone, and undoes it in reverse order, once. Register a release before (or in the same step as)
 * acquiring. The first error survives, later ones are handed to `onError`.
 *
 * @example
 * await using scope = new Scope();
 * scope.defer("stop the machine", () => vm.stop());
 */
export class Scope implements AsyncDisposable {
  readonly #releases: Release[] = [];
  readonly #onError: (name: string, error: unknown) => void;
  #closing: Promise<void> | undefined;

  constructor(onError: (name: string, error: unknown) => void = () => undefined) {
    this.#onError = onError;
  }

  /** Returns a function that drops this release again, for a thing whose owner changed. */
  defer(name: string, run: Release["run"]): () => void {
    const release = { name, run };
    this.#releases.push(release);
    return () => {
      const index = this.#releases.indexOf(release);
      if (index >= 0) this.#releases.splice(index, 1);
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    const errors: unknown[] = [];
    for (let release = this.#releases.pop(); release; release = this.#releases.pop()) {
      try {
        await release.run();
      } catch (error) {
        errors.push(error);
        this.#onError(release.name, error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
