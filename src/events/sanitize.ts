/**
 * Text from outside (services, tests, names, errors) loses everything a terminal could obey, at the one place where
 * events enter a face. Output of emulated terminals is exempt: it only ever reaches an emulator's grid.
 */
import type { RunEvent } from "./types.ts";

/* oxlint-disable no-control-regex -- control characters are the subject */
const CSI = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]/g;
/** Strings (OSC, DCS, SOS, PM, APC) up to their terminator. One that never ends loses its introducer only, so it cannot hide what follows. */
const STRINGS = /(?:\u001b[PX^_\]]|[\u0090\u0098\u009d-\u009f])[^\n\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)/g;
const SHORT_ESCAPES = /\u001b[ -/]*[0-~]/g;
const LINE_ENDS = /\r\n?|[\u0085\u2028\u2029]/g;
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const LONE_SURROGATES = /\p{Surrogate}/gu;
const HARMLESS = /^[\n\u0020-\u007e]*$/;

/** Text of several lines: newlines stay, tabs become spaces, colours and every other control go. */
export function sanitizeText(text: string): string {
  if (HARMLESS.test(text)) return text;
  return text
    .replace(CSI, "")
    .replace(STRINGS, "")
    .replace(SHORT_ESCAPES, "")
    .replace(LINE_ENDS, "\n")
    .replaceAll("\t", "    ")
    .replace(CONTROLS, "")
    .replace(BIDI, "")
    .replace(LONE_SURROGATES, "\ufffd");
}

/** As {@link sanitizeText}, and one line: newlines become spaces. For names, titles, labels. */
export function sanitizeLine(text: string): string {
  const clean = sanitizeText(text);
  return clean.includes("\n") ? clean.replace(/\s*\n\s*/g, " ").trim() : clean;
}

/** Fields that may hold several lines; every other string of an event is one line. */
const MULTILINE = new Set([
  "message",
  "stack",
  "diff",
  "stdout",
  "stderr",
  "text",
  "screen",
  "expected",
  "actual",
  "result",
  "lastSeen",
  "args",
  "command",
  "reason",
]);

function mapStrings(value: unknown, key: string): unknown {
  if (typeof value === "string") return MULTILINE.has(key) ? sanitizeText(value) : sanitizeLine(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, key));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, item]) => [sanitizeLine(name), mapStrings(item, name)] as const);
  return Object.fromEntries(entries);
}

/** An event whose every string is safe to print, but for the raw output of emulated terminals. */
export function sanitizeEvent(event: RunEvent): RunEvent {
  if (event.type === "terminal-output") {
    return { ...event, id: sanitizeLine(event.id), terminalId: sanitizeLine(event.terminalId) };
  }
  const clean = mapStrings(event, "") as RunEvent;
  if (event.type === "terminal-opened" && clean.type === "terminal-opened") {
    return { ...clean, session: { ...clean.session, frames: event.session.frames } };
  }
  return clean;
}
