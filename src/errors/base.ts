import { catalogue, type ErrorCode } from "./catalogue.ts";

export interface ErrorDetails {
  /** One sentence: what went wrong, with the offending value in it. */
  what: string;
  /** The next step, ideally a command to run. */
  hint?: string;
  cause?: unknown;
  /** The offending value, for programs. */
  value?: unknown;
  /** A log file with more. */
  log?: string;
  /** Where in the user's files. */
  at?: { file: string; line?: number; column?: number };
}

/**
 * The one error class of the project. `code` is stable and listed in the catalogue.
 *
 * @example throw new SpectestError("VM_DEAD", { what: "the machine ended while booting", log: serialPath });
 */
export class SpectestError extends Error {
  override readonly name = "SpectestError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly value: unknown;
  readonly log: string | undefined;
  readonly at: ErrorDetails["at"] | undefined;

  constructor(code: ErrorCode, details: ErrorDetails) {
    super(details.what, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint ?? defaultHint(code);
    this.value = details.value;
    this.log = details.log;
    this.at = details.at;
  }
}

function defaultHint(code: ErrorCode): string | undefined {
  const entry = catalogue[code];
  return "hint" in entry ? entry.hint : undefined;
}

export function isSpectestError(error: unknown, code?: ErrorCode): error is SpectestError {
  return error instanceof SpectestError && (code === undefined || error.code === code);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
