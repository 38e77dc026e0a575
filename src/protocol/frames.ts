/**
 * Frames of the control channel: `magic(16) sid(16) type(1) length(4) payload`.
 *
 * A reader may join at any byte: behind it can lie half a frame of a machine that no longer exists. So the magic marks a
 * frame's start and nothing else: it has no border (no prefix of it is a suffix), no zero byte, and the
 * writer cuts payloads so that it never occurs inside one. Whoever sees it, also in the middle of a payload, is at a frame.
 */

/** Random, without a zero byte and without a repeated first byte. */
export const MAGIC: Uint8Array = Uint8Array.of(
  0xd1,
  0x93,
  0x5e,
  0xc7,
  0x2b,
  0xf8,
  0x64,
  0xa9,
  0x1d,
  0xe3,
  0x77,
  0xbc,
  0x48,
  0x9a,
  0x35,
  0xf6,
);
export const SID_BYTES = 16;
export const MAX_PAYLOAD_BYTES = 16 * 1024;
const HEADER_BYTES = MAGIC.length + SID_BYTES + 1 + 4;
const TYPE_AT = MAGIC.length + SID_BYTES;
const LENGTH_AT = TYPE_AT + 1;

const typeCodes = { hello: 1, ack: 2, data: 3, close: 4 } as const;
export type FrameType = keyof typeof typeCodes;
const typeNames = new Map<number, FrameType>(Object.entries(typeCodes).map(([name, code]) => [code, name as FrameType]));

export interface Frame {
  type: FrameType;
  /** Session id, hexadecimal. */
  sid: string;
  payload: Buffer;
}

const NO_PAYLOAD = Buffer.alloc(0);

/** One frame; a payload over the limit, or with the magic inside, is the caller's mistake (see `cutPayload`). */
export function encodeFrame(type: FrameType, sid: string, payload: Buffer = NO_PAYLOAD): Buffer {
  if (payload.length > MAX_PAYLOAD_BYTES) throw new RangeError(`a frame carries at most ${MAX_PAYLOAD_BYTES} bytes, not ${payload.length}`);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  frame.set(MAGIC, 0);
  if (frame.write(sid, MAGIC.length, SID_BYTES, "hex") !== SID_BYTES) throw new RangeError(`not a session id: ${sid}`);
  frame.writeUInt8(typeCodes[type], TYPE_AT);
  frame.writeUInt32BE(payload.length, LENGTH_AT);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

/** Pieces of at most 16 KiB, none with the magic inside. */
export function cutPayload(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    let end = Math.min(at + MAX_PAYLOAD_BYTES, bytes.length);
    const magicAt = bytes.subarray(at, end).indexOf(MAGIC);
    if (magicAt >= 0) end = at + magicAt + 1;
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}

export interface FrameParser {
  /** Whole frames completed by these bytes. Garbage, torn frames and impossible headers are skipped and counted. */
  push(chunk: Buffer): Frame[];
  /** Bytes skipped so far because they belonged to no whole frame. */
  readonly skippedBytes: number;
}

export function createFrameParser(): FrameParser {
  let held: Buffer = NO_PAYLOAD;
  let skippedBytes = 0;
  const skip = (count: number): void => {
    skippedBytes += count;
    held = held.subarray(count);
  };

  /** The next whole frame, or undefined when more bytes are needed. */
  const next = (): Frame | undefined => {
    for (;;) {
      const start = held.indexOf(MAGIC);
      if (start < 0) {
        skip(Math.max(0, held.length - (MAGIC.length - 1)));
        return undefined;
      }
      if (start > 0) skip(start);
      const again = held.indexOf(MAGIC, 1);
      const size = headerSize(held);
      if (again > 0 && (size === "incomplete" || size === "invalid" || again < size)) {
        skip(again);
        continue;
      }
      if (size === "invalid") {
        skip(1);
        continue;
      }
      if (size === "incomplete" || held.length < size) return undefined;
      const frame: Frame = {
        type: typeNames.get(held.readUInt8(TYPE_AT)) ?? "close",
        sid: held.toString("hex", MAGIC.length, TYPE_AT),
        payload: Buffer.from(held.subarray(HEADER_BYTES, size)),
      };
      held = held.subarray(size);
      return frame;
    }
  };

  return {
    push: (chunk) => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const frames: Frame[] = [];
      for (let frame = next(); frame; frame = next()) frames.push(frame);
      return frames;
    },
    get skippedBytes() {
      return skippedBytes;
    },
  };
}

/** Size of the frame at the start of `held`; only data carries a payload. */
function headerSize(held: Buffer): number | "incomplete" | "invalid" {
  if (held.length < HEADER_BYTES) return "incomplete";
  const type = typeNames.get(held.readUInt8(TYPE_AT));
  const length = held.readUInt32BE(LENGTH_AT);
  if (type === undefined || length > MAX_PAYLOAD_BYTES) return "invalid";
  if (type !== "data" && length > 0) return "invalid";
  return HEADER_BYTES + length;
}
