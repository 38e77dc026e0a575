import { rm } from "node:fs/promises";
import { join } from "node:path";
import { hashOf, readTextIfExists, writeFileAtomic } from "../../src/platform/index.ts";

/** Which snapshot holds a caller's content key: one small file per key, replaced in one step. */
export class KeyIndex {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async get(key: string): Promise<string | undefined> {
    return (await readTextIfExists(this.#path(key)))?.trim() || undefined;
  }

  async set(key: string, id: string): Promise<void> {
    await writeFileAtomic(this.#path(key), `${id}\n`);
  }

  /** Forgets the key if it still names this snapshot. */
  async drop(key: string, id: string): Promise<void> {
    if ((await this.get(key)) === id) await rm(this.#path(key), { force: true });
  }

  #path(key: string): string {
    return join(this.#dir, hashOf(key).slice(0, 40));
  }
}
