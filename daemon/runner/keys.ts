/** Names of keys as the bytes a terminal sends for them. */
import type { KeyName } from "../../src/sdk/context.ts";

const CURSOR: Readonly<Record<string, string>> = { up: "A", down: "B", right: "C", left: "D", home: "H", end: "F" };
const TILDE: Readonly<Record<string, number>> = {
  insert: 2,
  delete: 3,
  pageup: 5,
  pagedown: 6,
  f5: 15,
  f6: 17,
  f7: 18,
  f8: 19,
  f9: 20,
  f10: 21,
  f11: 23,
  f12: 24,
};
const PLAIN: Readonly<Record<string, string>> = {
  enter: "\r",
  tab: "\t",
  escape: "\u001b",
  space: " ",
  backspace: "\u007f",
  f1: "\u001bOP",
  f2: "\u001bOQ",
  f3: "\u001bOR",
  f4: "\u001bOS",
};

/**
 * @param applicationCursor Whether the program switched the cursor keys to application mode.
 * @throws RangeError for a name that stands for no key.
 */
export function keyBytes(key: KeyName, applicationCursor: boolean): string {
  const parts = key.length === 1 ? [key] : key.split(/\+(?=.)/);
  const name = (parts.pop() ?? "").length === 1 ? (key.at(-1) ?? "") : key.slice(key.lastIndexOf("+") + 1).toLowerCase();
  const modifiers = new Set(parts.map((part) => part.toLowerCase()));
  for (const modifier of modifiers) if (!["ctrl", "alt", "shift"].includes(modifier)) throw unknownKey(key);
  const code = 1 + (modifiers.has("shift") ? 1 : 0) + (modifiers.has("alt") ? 2 : 0) + (modifiers.has("ctrl") ? 4 : 0);
  const cursor = CURSOR[name];
  if (cursor !== undefined) return code > 1 ? `\u001b[1;${code}${cursor}` : `\u001b${applicationCursor ? "O" : "["}${cursor}`;
  const tilde = TILDE[name];
  if (tilde !== undefined) return code > 1 ? `\u001b[${tilde};${code}~` : `\u001b[${tilde}~`;
  if (name === "tab" && modifiers.has("shift")) return "\u001b[Z";
  const base = PLAIN[name] ?? (Array.from(name).length === 1 ? name : undefined);
  if (base === undefined) throw unknownKey(key);
  const shifted = modifiers.has("shift") ? base.toUpperCase() : base;
  return `${modifiers.has("alt") ? "\u001b" : ""}${modifiers.has("ctrl") ? control(shifted, key) : shifted}`;
}

function control(base: string, key: string): string {
  if (base === " ") return "\u0000";
  const code = base.toUpperCase().charCodeAt(0);
  if (base === "\u007f") return "\b";
  if (code >= 0x40 && code <= 0x5f) return String.fromCharCode(code - 0x40);
  throw unknownKey(key);
}

function unknownKey(key: string): RangeError {
  return new RangeError(`no key is called ${JSON.stringify(key)}; examples: "enter", "ctrl+c", "alt+x", "pagedown", "f5"`);
}
