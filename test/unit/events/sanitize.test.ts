import { describe, expect, it } from "vitest";
import { sanitizeEvent, sanitizeLine, sanitizeText } from "../../../src/events/index.ts";

// oxlint-disable-next-line no-control-regex -- control characters are the subject
const forbidden = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

describe("sanitizeText", () => {
  it.each([
    ["colours", "\u001b[31mred\u001b[0m", "red"],
    ["an OSC title with BEL", "\u001b]0;evil\u0007text", "text"],
    ["an OSC with ST", "\u001b]8;;http://x\u001b\\link", "link"],
    ["a C1 OSC", "\u009d0;evil\u009ctext", "text"],
    ["a C1 CSI", "\u009b31mred", "red"],
    ["carriage returns", "10%\r20%\r\ndone", "10%\n20%\ndone"],
    ["backspace and bell", "a\bb\u0007", "ab"],
    ["tabs", "a\tb", "a    b"],
    ["bidi controls", "a\u202eb\u2066c", "abc"],
    ["an OSC that never ends keeps what follows", "\u001b]0;title text", "0;title text"],
    ["a lone surrogate", "a\ud800b", "a\ufffdb"],
    ["ordinary text", "naïve ✓ 日本 \u{1f600}", "naïve ✓ 日本 \u{1f600}"],
  ])("%s", (_name, text, expected) => {
    expect(sanitizeText(text)).toBe(expected);
  });

  it("lets no control through, whatever comes in", () => {
    const pieces = [
      "\u001b",
      "[",
      "]",
      "0;",
      "m",
      "\u0007",
      "\u009b",
      "\u009d",
      "\u009c",
      "\\",
      "\r",
      "\n",
      "\t",
      "\b",
      "\u202e",
      "\u2028",
      "P",
      "a",
      "é",
      "\ud83d",
      "\u007f",
      "\u0085",
    ];
    let seed = 42;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    for (let round = 0; round < 20_000; round++) {
      const text = Array.from({ length: random(12) }, () => pieces[random(pieces.length)] ?? "").join("");
      const clean = sanitizeText(text);
      expect(forbidden.test(clean), JSON.stringify(text)).toBe(false);
      expect(/\p{Surrogate}/u.test(clean)).toBe(false);
      expect(sanitizeText(clean)).toBe(clean);
      expect(sanitizeLine(text)).not.toContain("\n");
    }
  });
});

describe("sanitizeEvent", () => {
  it("cleans names and messages, keeps newlines in messages only", () => {
    const event = sanitizeEvent({ type: "notice", atMs: 1, level: "info", message: "a\u001b[2J\nb", hint: "c\nd" });
    expect(event).toEqual({ type: "notice", atMs: 1, level: "info", message: "a\nb", hint: "c d" });
  });

  it("leaves the output of emulated terminals as it is", () => {
    const data = "\u001b[31mred\r\n";
    expect(
      sanitizeEvent({ type: "terminal-output", atMs: 1, id: "t\u0007", attempt: 1, terminalId: "x", atSeconds: 0, data }),
    ).toMatchObject({ id: "t", data });
    const session = { id: "x", title: "\u001b]0;x\u0007sh", cols: 80, rows: 24, frames: [[0, data]] as [number, string][] };
    const opened = sanitizeEvent({ type: "terminal-opened", atMs: 1, id: "t", attempt: 1, session });
    expect(opened).toMatchObject({ session: { title: "sh", frames: [[0, data]] } });
  });
});
