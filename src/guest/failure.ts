/** How failures of the channel and error answers become SpectestErrors. */
import { catalogue, type ErrorCode, isSpectestError, messageOf, SpectestError } from "../errors/index.ts";
import { errorReplySchema, type WireError } from "../protocol/index.ts";

function codeOf(wire: WireError): ErrorCode {
  return wire.code !== undefined && Object.hasOwn(catalogue, wire.code) ? (wire.code as ErrorCode) : "DAEMON";
}

/** The error of an answer's body. `value` holds the WireError as it came: its name, diff and exact place. */
export function errorOfReply(request: string, status: number, body: unknown): SpectestError {
  const parsed = errorReplySchema.safeParse(body);
  if (!parsed.success) {
    return new SpectestError("DAEMON", { what: `${request}: the daemon answered with status ${status} and no error`, value: body });
  }
  const wire = parsed.data.error;
  const error = new SpectestError(codeOf(wire), {
    what: wire.message,
    value: wire,
    ...(wire.hint === undefined ? {} : { hint: wire.hint }),
    ...(wire.at === undefined ? {} : { at: { file: wire.at.file, line: wire.at.line } }),
  });
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}

export function channelError(request: string, cause: unknown): SpectestError {
  if (isSpectestError(cause)) return cause;
  const why = cause === undefined ? "" : `: ${messageOf(cause)}`;
  return new SpectestError("CHANNEL", { what: `the channel to the guest broke during ${request}${why}`, cause });
}

export function cancelledError(request: string, reason: unknown): SpectestError {
  if (isSpectestError(reason)) return reason;
  return new SpectestError("CANCELLED", { what: `${request} was cancelled`, cause: reason });
}
