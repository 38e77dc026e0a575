/** The project host: a child process that runs the author's code, so that an endless loop there silences nothing here. */
import { type ChildProcess, fork } from "node:child_process";
import { rmSync } from "node:fs";
import { SpectestError } from "../../src/errors/index.ts";
import { type DaemonMethods, HOST_ENVIRONMENT, type HostMethods } from "../ipc/messages.ts";
import { createPeer, type Handlers, type Peer } from "../ipc/peer.ts";

export interface ProjectHost {
  call: Peer<HostMethods>["call"];
  /** Ends it at once: an event loop that does not turn cannot be asked. */
  kill(reason: string): void;
  /** Why it is gone, once it is. */
  readonly gone: SpectestError | undefined;
}

export interface ProjectHostOptions {
  /** The bundle of the project host. */
  entry: string;
  fakesSocket: string;
  stateDir: string;
  handlers: Handlers<DaemonMethods>;
}

const STDERR_CHARS = 8 * 1024;

/** Started with the daemon, so that it is warm in every fork. Calls made before it is up wait in its channel. */
export function startProjectHost(options: ProjectHostOptions): ProjectHost {
  // A host that was killed leaves its socket behind.
  rmSync(options.fakesSocket, { force: true });
  const child = fork(options.entry, [], {
    execArgv: ["--enable-source-maps"],
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...process.env, [HOST_ENVIRONMENT.fakesSocket]: options.fakesSocket, [HOST_ENVIRONMENT.stateDir]: options.stateDir },
  });
  const output = lastOutput(child);
  let gone: SpectestError | undefined;
  let why: string | undefined;
  const peer = createPeer<HostMethods, DaemonMethods>((message) => {
    if (child.connected) child.send(message);
  }, options.handlers);
  child.on("message", (message) => peer.receive(message));

  const lost = (how: string): void => {
    if (gone) return;
    const said = output();
    gone = new SpectestError("DAEMON", {
      what: `the project host is gone (${why ?? how}), so this machine cannot run tests any more${said === "" ? "" : `; it said: ${said}`}`,
    });
    peer.close(gone);
  };
  child.once("error", (error) => lost(error.message));
  // Its output may still come after `exit`; `close` is the end of both.
  child.once("close", (code, signal) => lost(signal === null ? `exit code ${code}` : `signal ${signal}`));
  return {
    call: (...args) => peer.call(...args),
    kill: (reason) => {
      why ??= reason;
      child.kill("SIGKILL");
    },
    get gone() {
      return gone;
    },
  };
}

/** What the host itself printed last: Node's own words when it dies. */
function lastOutput(child: ChildProcess): () => string {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8");
    stream?.on("data", (chunk: string) => {
      text = (text + chunk).slice(-STDERR_CHARS);
    });
  }
  return () => text.trim();
}
