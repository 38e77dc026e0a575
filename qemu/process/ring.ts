/** Keeps the last bytes of a stream of text. */
export class TailBuffer {
  readonly #maxChars: number;
  #text = "";

  constructor(maxChars = 8192) {
    this.#maxChars = maxChars;
  }

  push(text: string): void {
    this.#text = (this.#text + text).slice(-this.#maxChars);
  }

  get text(): string {
    return this.#text;
  }
}

/** The last lines of a text, without empty ones at the end. */
export function lastLines(text: string, count: number): string {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}
