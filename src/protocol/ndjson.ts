/**
 * Newline-delimited JSON: one value a line, as the streamed answers carry it. An answer is whole only when its last
 * line says so: a reset looks like an end to HTTP/2 clients. A failure after the first line is a last line `{"error": …}`.
 */
import { z } from "zod";

export const endLineSchema = z.strictObject({ end: z.literal(true) });
export const END_LINE: z.infer<typeof endLineSchema> = { end: true };

export function encodeLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** A line over this is garbage: recorded bodies and outcomes are capped far below it. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;

/** Parsed values of a byte stream, as they become whole. A last line without its newline counts. */
export async function* decodeLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown, void, undefined> {
  let parts: Buffer[] = [];
  let heldBytes = 0;
  for await (const chunk of chunks) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = Buffer.concat([...parts, rest.subarray(0, end)]).toString("utf8");
      parts = [];
      heldBytes = 0;
      rest = rest.subarray(end + 1);
      if (line.trim() !== "") yield JSON.parse(line);
    }
    if (rest.length > 0) parts.push(rest);
    heldBytes += rest.length;
    if (heldBytes > MAX_LINE_BYTES) throw new RangeError(`a line of more than ${MAX_LINE_BYTES} bytes`);
  }
  const last = Buffer.concat(parts).toString("utf8");
  if (last.trim() !== "") yield JSON.parse(last);
}
