/** The few DER values that a certificate is made of. */

function tagged(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const header: number[] = [tag];
  if (length < 0x80) header.push(length);
  else if (length < 0x100) header.push(0x81, length);
  else if (length < 0x10000) header.push(0x82, length >> 8, length & 0xff);
  else throw new RangeError(`a certificate field of ${length} bytes`);
  return Buffer.concat([Buffer.from(header), content]);
}

export const sequence = (...parts: Uint8Array[]): Buffer => tagged(0x30, Buffer.concat(parts));
export const set = (...parts: Uint8Array[]): Buffer => tagged(0x31, Buffer.concat(parts));
export const octetString = (content: Uint8Array): Buffer => tagged(0x04, content);
export const boolean = (value: boolean): Buffer => tagged(0x01, Uint8Array.of(value ? 0xff : 0));
export const utf8String = (text: string): Buffer => tagged(0x0c, Buffer.from(text, "utf8"));
/** `[n]` around its content. */
export const explicit = (n: number, content: Uint8Array): Buffer => tagged(0xa0 | n, content);
/** `[n]` in place of the content's own tag. */
export const implicit = (n: number, content: Uint8Array): Buffer => tagged(0x80 | n, content);

/** Big-endian, taken as positive. */
export function integer(bytes: Uint8Array): Buffer {
  return tagged(0x02, (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Uint8Array.of(0), bytes]) : bytes);
}

export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return tagged(0x03, Buffer.concat([Uint8Array.of(unusedBits), bytes]));
}

export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest.flatMap(base128)];
  return tagged(0x06, Uint8Array.from(bytes));
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

/** Certificates use the two-digit year up to 2049. */
export function time(date: Date): Buffer {
  const text = date
    .toISOString()
    .replace(/[-:T]/g, "")
    .replace(/\.\d+Z$/, "Z");
  return date.getUTCFullYear() < 2050 ? tagged(0x17, Buffer.from(text.slice(2))) : tagged(0x18, Buffer.from(text));
}
