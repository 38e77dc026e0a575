import { catalogue, type ErrorCode, isSpectestError, messageOf, SpectestError } from "../errors/index.ts";
import type { WireError } from "../protocol/index.ts";

/** An error as the event stream and the reports carry it. */
export function toWireError(error: unknown): WireError {
  const wire: WireError = { name: error instanceof Error ? error.name : "Error", message: messageOf(error) };
  if (error instanceof Error && error.stack !== undefined) wire.stack = error.stack;
  if (isSpectestError(error)) {
    wire.code = error.code;
    if (error.hint !== undefined) wire.hint = error.hint;
    const { at } = error;
    if (at?.line !== undefined) wire.at = { file: at.file, line: at.line, ...(at.column === undefined ? {} : { column: at.column }) };
  }
  return wire;
}

/** The reverse, for an error the guest reported: its own code when it is one of ours, else `fallback`. */
export function fromWireError(wire: WireError, fallback: ErrorCode): SpectestError {
  const code = wire.code !== undefined && isErrorCode(wire.code) ? wire.code : fallback;
  const { at } = wire;
  const error = new SpectestError(code, {
    what: wire.message,
    ...(wire.hint === undefined ? {} : { hint: wire.hint }),
    ...(at === undefined ? {} : { at: { file: at.file, line: at.line, ...(at.column === undefined ? {} : { column: at.column }) } }),
  });
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}

function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(catalogue, text);
}
