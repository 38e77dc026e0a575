/** Bytes of a terminal to names of keys. Pure but for the timer that decides what a lone Escape was. */
import { StringDecoder } from "node:string_decoder";

/** How long an Escape waits for the rest of its sequence. */
const ESCAPE_TIMEOUT_MS = 50;

export interface Tokens {
  keys: string[];
  /** The beginning of a sequence whose rest has not come yet. */
  rest: string;
}

const controls: Readonly<Record<string, string>> = { "\r": "enter", "\n": "enter", "\t": "tab", "\u007f": "backspace", "\b": "backspace" };

const finals: Readonly<Record<string, string>> = { A: "up", B: "down", C: "right", D: "left", H: "home", F: "end", Z: "shift-tab" };
const numbers: Readonly<Record<string, string>> = {
  1: "home",
  2: "insert",
  3: "delete",
  4: "end",
  5: "page-up",
  6: "page-down",
  7: "home",
  8: "end",
};

// oxlint-disable no-control-regex -- control characters are the subject
const CSI = /^\u001b\[([0-?]*)([ -/]*)([@-~])/;
const SS3 = /^\u001bO([@-~])/;
const OLD_MOUSE = /^\u001b\[M[\s\S]{3}/;
const PASTE = /^\u001b\[200~[\s\S]*?\u001b\[201~/;
/** A string (an answer of the terminal to a question), with its end. */
const STRING = /^\u001b[P\]X^_][\s\S]*?(?:\u0007|\u001b\\)/;
const UNFINISHED = /^\u001b(?:\[[0-?]*[ -/]*|O|\[M[\s\S]{0,2}|\[200~[\s\S]*|[P\]X^_][\s\S]*)?$/;
// oxlint-enable no-control-regex

/**
 * Splits what came into keys, in order. Mouse reports, pastes, focus reports and the terminal's answers are swallowed.
 *
 * @param isFinal nothing more will come: a lone Escape is the key
 * @example tokenize("jj\u001b[A", false) // { keys: ["j", "j", "up"], rest: "" }
 */
export function tokenize(text: string, isFinal: boolean): Tokens {
  const keys: string[] = [];
  let rest = text;
  while (rest !== "") {
    if (!rest.startsWith("\u001b")) {
      const char = String.fromCodePoint(rest.codePointAt(0) ?? 0);
      keys.push(nameOf(char));
      rest = rest.slice(char.length);
      continue;
    }
    const sequence = matchSequence(rest);
    if (sequence) {
      if (sequence.key !== undefined) keys.push(sequence.key);
      rest = rest.slice(sequence.length);
    } else if (!isFinal && UNFINISHED.test(rest)) {
      return { keys, rest };
    } else if (rest.length === 1 || rest[1] === "\u001b" || UNFINISHED.test(rest)) {
      keys.push("escape");
      rest = rest.slice(1);
    } else {
      // Alt and a key: nothing is bound to it, and it must not count as Escape and the key.
      rest = rest.slice(1 + String.fromCodePoint(rest.codePointAt(1) ?? 0).length);
    }
  }
  return { keys, rest: "" };
}

function nameOf(char: string): string {
  const named = controls[char];
  if (named !== undefined) return named;
  if (char === " ") return "space";
  const code = char.codePointAt(0) ?? 0;
  return code < 0x20 ? `ctrl-${String.fromCodePoint(code + 0x60)}` : char;
}

function matchSequence(text: string): { length: number; key?: string } | undefined {
  for (const pattern of [PASTE, OLD_MOUSE, STRING]) {
    const match = pattern.exec(text);
    if (match) return { length: match[0].length };
  }
  if (text.startsWith("\u001b[200~") || text.startsWith("\u001b[M")) return undefined;
  const ss3 = SS3.exec(text);
  if (ss3) return withKey(ss3[0].length, finals[ss3[1] ?? ""]);
  const csi = CSI.exec(text);
  if (!csi) return undefined;
  const [whole, parameters = "", , final = ""] = csi;
  const [first = ""] = parameters.split(";");
  return withKey(whole.length, final === "~" ? numbers[first] : /^[\d;]*$/.test(parameters) ? finals[final] : undefined);
}

function withKey(length: number, key: string | undefined): { length: number; key?: string } {
  return key === undefined ? { length } : { length, key };
}

export interface KeyReader {
  push(data: Uint8Array): void;
  /** Drops what is pending. */
  close(): void;
}

/** Feeds bytes to {@link tokenize} and calls `onKey` for each key, in order. */
export function createKeyReader(onKey: (key: string) => void): KeyReader {
  const decoder = new StringDecoder("utf8");
  let pending = "";
  let timer: NodeJS.Timeout | undefined;
  const take = (isFinal: boolean): void => {
    const { keys, rest } = tokenize(pending, isFinal);
    pending = rest;
    for (const key of keys) onKey(key);
  };
  return {
    push(data) {
      clearTimeout(timer);
      pending += decoder.write(Buffer.from(data));
      take(false);
      if (pending !== "") timer = setTimeout(() => take(true), ESCAPE_TIMEOUT_MS);
    },
    close() {
      clearTimeout(timer);
      pending = "";
    },
  };
}
