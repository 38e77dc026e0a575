/**
 * The project host: the process in the guest that runs the author's code. It speaks only to the daemon, which
 * started it, over the IPC channel (see ipc/messages.ts).
 */
import * as nodeModule from "node:module";
import { isSpectestError } from "../src/errors/index.ts";
import { runtimeSlot } from "../src/sdk/runtime.ts";
import { createExpectations } from "./expect/expectations.ts";
import { type DaemonMethods, HOST_ENVIRONMENT, type HostMethods, type IpcMessage } from "./ipc/messages.ts";
import { createPeer, type Peer } from "./ipc/peer.ts";
import { certificatesAtStart } from "./project/trust.ts";
import { Recorder } from "./recorder/recorder.ts";
import { Randomness } from "./renewal/randomness.ts";
import { createHostMethods } from "./runner/host-methods.ts";
import { RunSlot } from "./runner/run.ts";

const slot = new RunSlot();

// A straggler of a finished run works with that run's closed recorder, not with the current one.
runtimeSlot.install(
  createExpectations(() => {
    const recorder = Recorder.current();
    const run = slot.current;
    return run && (recorder === undefined || recorder === run.recorder) ? run : undefined;
  }),
);

const send = (message: IpcMessage): void => {
  if (process.connected) process.send?.(message);
};
const peer: Peer<DaemonMethods> = createPeer<DaemonMethods, HostMethods>(
  send,
  createHostMethods(
    {
      slot,
      randomness: new Randomness(),
      fakesSocket: process.env[HOST_ENVIRONMENT.fakesSocket],
      certificates: certificatesAtStart(),
    },
    () => peer,
  ),
);

/** What nobody awaited fails the running test; with none running it is only said. */
function onStray(error: unknown): void {
  if (isSpectestError(error, "CANCELLED")) return;
  if (slot.current) slot.current.abort(error instanceof Error ? error : new Error(String(error)));
  else process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}

resolveOwnPackage();
process.on("unhandledRejection", onStray);
process.on("uncaughtException", onStray);
process.on("message", (message) => peer.receive(message));
process.on("disconnect", () => process.exit(0));
send({ kind: "ready" });

/** `import "spectest"` in a bundle means the copy built together with this file, wherever the bundle lies. */
function resolveOwnPackage(): void {
  // Since Node 22.15 and 23.5; absent from the types of the Node that the host supports.
  const hooks: {
    registerHooks?: (hooks: {
      resolve(specifier: string, context: unknown, next: (specifier: string, context: unknown) => unknown): unknown;
    }) => void;
    createRequire: unknown;
  } = nodeModule;
  const own = new URL("./spectest.mjs", import.meta.url).href;
  hooks.registerHooks?.({
    resolve: (specifier, context, next) => (specifier === "spectest" ? { url: own, shortCircuit: true } : next(specifier, context)),
  });
}
