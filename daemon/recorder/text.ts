import { inspect, stripVTControlCharacters } from "node:util";

/** Limits of what is kept for people to read; the values a test gets are never cut to these. */
export const LIMITS = {
  bodyBytes: 64 * 1024,
  execStreamBytes: 256 * 1024,
  terminalBytes: 1024 * 1024,
  valueChars: 400,
  logBytes: 64 * 1024,
} as const;

export interface CutText {
  text: string;
  truncated: boolean;
  /** Of the whole. */
  bytes: number;
}

/** The first `limitBytes` of a text, cut at a character's border. */
export function cutText(text: string, limitBytes: number): CutText {
  const bytes = Buffer.byteLength(text);
  if (bytes <= limitBytes) return { text, truncated: false, bytes };
  return { text: cutBytes(Buffer.from(text), limitBytes), truncated: true, bytes };
}

/** Bytes as text, without a character that the cut went through. */
export function cutBytes(bytes: Uint8Array, limitBytes: number): string {
  return new TextDecoder().decode(bytes.subarray(0, limitBytes), { stream: true });
}

/** A value as one short line: for events, not for comparing. */
export function shortText(value: unknown): string {
  const text =
    typeof value === "string"
      ? JSON.stringify(value)
      : inspect(value, { depth: 3, breakLength: Infinity, maxArrayLength: 20, maxStringLength: 200 });
  const plain = stripVTControlCharacters(text);
  return plain.length > LIMITS.valueChars ? `${plain.slice(0, LIMITS.valueChars - 1)}…` : plain;
}

export function shortList(values: readonly unknown[]): string {
  return values.map(shortText).join(", ");
}
