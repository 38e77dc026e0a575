import { sanitizeLine } from "../../events/sanitize.ts";
import type { CommandContext } from "../context.ts";

interface Progress {
  phase: string;
  detail?: string;
  fraction?: number;
}

/** Says each new phase or detail once, on stderr. */
export function progressLines({ io, ui }: CommandContext): (progress: Progress) => void {
  let last = "";
  return ({ phase, detail }) => {
    const line = sanitizeLine(detail === undefined ? phase : `${phase}: ${detail}`);
    if (line === last || ui === "quiet") return;
    last = line;
    io.say(line);
  };
}
