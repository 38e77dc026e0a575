/** Docker's multiplexed streams: frames of `stream(1) 0 0 0 length(4) data`. */
import type { Output } from "./types.ts";

const HEADER_BYTES = 8;

export async function* demux(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Output, void, undefined> {
  let held = Buffer.alloc(0);
  for await (const chunk of chunks) {
    held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
    while (held.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + held.readUInt32BE(4);
      if (held.length < end) break;
      yield { stream: held[0] === 2 ? "stderr" : "stdout", data: held.subarray(HEADER_BYTES, end) };
      held = held.subarray(end);
    }
  }
}

/** A terminal's stream has no frames. */
export async function* undivided(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Output, void, undefined> {
  for await (const chunk of chunks) yield { stream: "stdout", data: Buffer.from(chunk) };
}
