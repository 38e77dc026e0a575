/** How failures of a bring-up look on the wire. */
import { isSpectestError, messageOf, SpectestError } from "../../src/errors/index.ts";
import type { WireError } from "../../src/protocol/index.ts";
import { toWireError } from "../ipc/peer.ts";

export function serviceError(error: unknown): WireError {
  const wire = toWireError(error);
  return wire.code === undefined ? { ...wire, code: "SERVICE_FAILED" } : wire;
}

/** Keeps the author's error and says which hook threw it. */
export function setupError(what: string, error: unknown): SpectestError {
  if (isSpectestError(error, "SETUP_FAILED")) return error;
  const wire = toWireError(error);
  const failure = new SpectestError("SETUP_FAILED", {
    what: `${what}: ${messageOf(error)}`,
    cause: error,
    value: wire,
    ...(wire.at === undefined ? {} : { at: { file: wire.at.file, line: wire.at.line } }),
  });
  if (wire.stack !== undefined) failure.stack = wire.stack;
  return failure;
}
