/** Where in the author's files something was written. */
export interface CallSite {
  /** As the stack names it: absolute, mapped to the source when source maps are active. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const FRAME = /(?:\(|at (?:async )?)((?:file:\/\/)?\/[^()]*?):(\d+):(\d+)\)?$/;

/** The place a stack frame's line names, if it names one. */
export function parseFrame(line: string): CallSite | undefined {
  const match = FRAME.exec(line.trimEnd());
  if (!match?.[1]) return undefined;
  const file = match[1].startsWith("file://") ? decodeURIComponent(match[1].slice("file://".length)) : match[1];
  return { file, line: Number(match[2]), column: Number(match[3]) };
}

/**
 * Where `callee` was called from. Everything from `callee` inwards is cut off the stack, so no file name
 * has to be recognised as the library's own.
 */
export function callSiteOf(callee: (...args: never[]) => unknown): CallSite | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 4;
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, callee);
  const text = holder.stack ?? "";
  Error.stackTraceLimit = limit;
  for (const line of text.split("\n")) {
    const site = parseFrame(line);
    if (site) return site;
  }
  return undefined;
}

export function formatSite(site: CallSite | undefined): string {
  return site ? `${site.file}:${site.line}` : "an unknown place";
}
