import { StringDecoder } from "node:string_decoder";

/** Cuts a byte stream into lines, however the chunks fall. */
export class LineSplitter {
  readonly #utf8 = new StringDecoder("utf8");
  #rest = "";

  push(chunk: Buffer): string[] {
    const lines = (this.#rest + this.#utf8.write(chunk)).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines;
  }
}
