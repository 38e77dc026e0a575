import { type FileHandle, open } from "node:fs/promises";

const TAIL_LINES = 30;

/** The log of one build: all of it in a file, its end at hand for an error. */
export class BuildLog {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #tail: string[] = [];
  #written: Promise<unknown> = Promise.resolve();

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  static async create(path: string): Promise<BuildLog> {
    return new BuildLog(path, await open(path, "w", 0o600));
  }

  write(line: string): void {
    this.#tail.push(line);
    if (this.#tail.length > TAIL_LINES) this.#tail.shift();
    // A full disk must not hide the build's own error.
    this.#written = this.#written.then(() => this.#file.write(`${line}\n`)).catch(() => undefined);
  }

  tail(): string {
    return this.#tail.join("\n");
  }

  async close(): Promise<void> {
    await this.#written;
    await this.#file.close();
  }
}
