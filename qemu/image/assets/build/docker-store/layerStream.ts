import { createHash } from "node:crypto";
import { Crc64 } from "./crc64.ts";

const BLOCK = 512;

/** What Docker's layer store wants to know of a layer's tar. */
export interface LayerFacts {
  diffId: string;
  sizeBytes: number;
}

/** One line of a tar-split file: raw tar bytes (type 2) or a file whose content lies in the layer's tree (type 1). */
export type TarSplitEntry =
  | { type: 2; payload: string; position: number }
  | { type: 1; name: string; size?: number; payload: string | null; position: number };

/**
 * Reads a GNU tar as it streams by: its digest, the sum of its file sizes, and the tar-split entries from which Docker
 * can put the same bytes together again.
 */
export class LayerStream {
  readonly #hash = createHash("sha256");
  readonly #emit: (entry: TarSplitEntry) => void;
  readonly #raw: Uint8Array[] = [];
  readonly #header = Buffer.alloc(BLOCK);
  #headerFill = 0;
  #body: Body = { kind: "none" };
  #bodyLeft = 0;
  #paddingLeft = 0;
  #longName: string | undefined;
  #position = 0;
  #sizeBytes = 0;

  constructor(emit: (entry: TarSplitEntry) => void) {
    this.#emit = emit;
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    let rest = chunk;
    while (rest.length > 0) rest = rest.subarray(this.#step(rest));
  }

  finish(): LayerFacts {
    if (this.#headerFill !== 0 || this.#bodyLeft !== 0) throw new Error("the tar ends in the middle of an entry");
    this.#flushRaw();
    return { diffId: `sha256:${this.#hash.digest("hex")}`, sizeBytes: this.#sizeBytes };
  }

  /** Consumes some of the bytes and says how many. */
  #step(bytes: Uint8Array): number {
    if (this.#bodyLeft > 0) return this.#stepBody(bytes);
    if (this.#paddingLeft > 0) {
      const count = Math.min(bytes.length, this.#paddingLeft);
      this.#paddingLeft -= count;
      this.#keepRaw(bytes.subarray(0, count));
      return count;
    }
    const count = Math.min(bytes.length, BLOCK - this.#headerFill);
    this.#header.set(bytes.subarray(0, count), this.#headerFill);
    this.#headerFill += count;
    if (this.#headerFill === BLOCK) {
      this.#headerFill = 0;
      this.#startEntry(Buffer.from(this.#header));
    }
    return count;
  }

  #stepBody(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.#bodyLeft);
    const part = bytes.subarray(0, count);
    this.#bodyLeft -= count;
    if (this.#body.kind === "file") this.#body.crc.update(part);
    else {
      this.#keepRaw(part);
      if (this.#body.kind === "longName") this.#body.parts.push(Buffer.from(part));
    }
    if (this.#bodyLeft === 0) this.#endBody();
    return count;
  }

  #startEntry(header: Buffer): void {
    this.#keepRaw(header);
    if (header.every((byte) => byte === 0)) return;
    const size = readSize(header);
    const type = String.fromCharCode(header[156] ?? 0);
    this.#bodyLeft = type === "0" || type === "\0" || type === "L" || type === "K" ? size : 0;
    this.#paddingLeft = (BLOCK - (this.#bodyLeft % BLOCK)) % BLOCK;
    if (type === "L") this.#body = { kind: "longName", parts: [] };
    else if (type === "K") this.#body = { kind: "raw" };
    else this.#startFile(header, this.#bodyLeft);
  }

  #startFile(header: Buffer, size: number): void {
    const name = this.#longName ?? readName(header);
    this.#longName = undefined;
    this.#sizeBytes += size;
    this.#flushRaw();
    if (size > 0) this.#body = { kind: "file", name, size, crc: new Crc64() };
    else this.#emit({ type: 1, name, payload: null, position: this.#position++ });
  }

  #endBody(): void {
    const body = this.#body;
    this.#body = { kind: "none" };
    if (body.kind === "longName") this.#longName = cString(Buffer.concat(body.parts));
    if (body.kind !== "file") return;
    this.#emit({ type: 1, name: body.name, size: body.size, payload: body.crc.digest().toString("base64"), position: this.#position++ });
  }

  #keepRaw(bytes: Uint8Array): void {
    this.#raw.push(Uint8Array.from(bytes));
  }

  #flushRaw(): void {
    if (this.#raw.length === 0) return;
    const payload = Buffer.concat(this.#raw.splice(0)).toString("base64");
    this.#emit({ type: 2, payload, position: this.#position++ });
  }
}

type Body =
  | { kind: "none" }
  | { kind: "raw" }
  | { kind: "longName"; parts: Buffer[] }
  | { kind: "file"; name: string; size: number; crc: Crc64 };

function cString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
}

/** GNU tar has no prefix field: long names come in an entry of their own. */
function readName(header: Buffer): string {
  return cString(header.subarray(0, 100));
}

function readSize(header: Buffer): number {
  const field = header.subarray(124, 136);
  if ((field[0] ?? 0) & 0x80) return Number(field.readBigUInt64BE(4));
  return Number.parseInt(cString(field).trim() || "0", 8);
}
