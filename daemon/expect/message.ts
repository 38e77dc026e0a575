import { plain } from "../project/failure.ts";

/** What a failed matcher says, taken apart. */
export interface MatcherMessage {
  message: string;
  /** Lines marked with - and +, when the matcher compared structures or long texts. */
  diff: string | undefined;
}

/** A matcher's coloured text as a plain message and, where it has one, its difference on its own. */
export function splitMessage(text: string): MatcherMessage {
  const clean = plain(text);
  const at = clean.search(/^- Expected\b/m);
  if (at < 0) return { message: clean.trimEnd(), diff: undefined };
  const message = clean.slice(0, at).trimEnd();
  return { message: message === "" ? "not as expected" : message, diff: clean.slice(at).trimEnd() };
}
