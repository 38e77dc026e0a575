import { StringDecoder } from "node:string_decoder";

/** Cuts a byte stream into lines and refuses one that does not end in time. */
export class BoundedLines {
  readonly #utf8 = new StringDecoder("utf8");
  readonly #maxBytes: number;
  #parts: string[] = [];
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws RangeError when a line grows over the limit; nothing after it can be trusted. */
  push(chunk: Buffer): string[] {
    const [first = "", ...others] = this.#utf8.write(chunk).split("\n");
    const lines: string[] = [];
    this.#hold(first);
    for (const next of others) {
      lines.push(this.#parts.join(""));
      this.#parts = [];
      this.#heldBytes = 0;
      this.#hold(next);
    }
    return lines;
  }

  #hold(text: string): void {
    this.#heldBytes += text.length;
    if (this.#heldBytes > this.#maxBytes) throw new RangeError(`a line of more than ${this.#maxBytes} bytes`);
    if (text !== "") this.#parts.push(text);
  }
}
