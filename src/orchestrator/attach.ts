/** What other commands do with a running environment: they talk to its daemon through the process that holds it. */
import { connect } from "node:net";
import { SpectestError } from "../errors/index.ts";
import { type GuestClient, openSession } from "../guest/index.ts";
import { findProject } from "../project/index.ts";
import type { ExecLine, LogLine, ServiceStatus } from "../protocol/index.ts";
import { answers, requestDown } from "./control-server.ts";
import { sessionPaths } from "./session-paths.ts";

export interface EnvironmentTerminal {
  input(data: Uint8Array): void;
  resize(cols: number, rows: number): void;
  output: AsyncIterable<Uint8Array>;
  exit: Promise<number>;
}

export interface EnvironmentClient {
  services(): Promise<ServiceStatus[]>;
  logs(service: string, options: { tail?: number; follow: boolean; signal: AbortSignal }): AsyncIterable<LogLine>;
  exec(service: string, argv: readonly string[], options: { stdin?: string; signal: AbortSignal }): AsyncIterable<ExecLine>;
  terminal(service: string, options: { argv?: readonly string[]; cols: number; rows: number }): Promise<EnvironmentTerminal>;
  /** Resolves when the environment's process has let go of its socket. */
  down(): Promise<void>;
  close(): void;
}

/**
 * Connects to the environment that `spectest up` holds for the project at `cwd`.
 *
 * @throws VM_NOT_FOUND when none is up.
 */
export async function attachEnvironment(options: { home: string; cwd: string }): Promise<EnvironmentClient> {
  const project = await findProject(options.cwd);
  const { socket: path } = sessionPaths(options.home, project.root);
  if (!(await answers(path)))
    throw new SpectestError("VM_NOT_FOUND", { what: "no environment of this project is up", hint: "spectest up" });
  const guest = await openSession(connect(path));
  return {
    services: async () => (await guest.services({})).services,
    logs: (service, { tail, follow, signal }) => guest.logs({ service, follow, ...(tail === undefined ? {} : { tail }) }, { signal }),
    exec: (service, argv, { stdin, signal }) =>
      guest.exec({ service, argv: [...argv], ...(stdin === undefined ? {} : { stdin }) }, { signal }),
    terminal: (service, request) => Promise.resolve(openTerminal(guest, service, request)),
    down: () => requestDown(path),
    close: () => guest.close(),
  };
}

function openTerminal(
  guest: GuestClient,
  service: string,
  { argv, cols, rows }: { argv?: readonly string[]; cols: number; rows: number },
): EnvironmentTerminal {
  const call = guest.terminal({});
  call.send({ type: "open", request: { service, cols, rows, ...(argv === undefined ? {} : { argv: [...argv] }) } });
  let settle: { exit: (code: number) => void; fail: (error: unknown) => void } = { exit: () => undefined, fail: () => undefined };
  const exit = new Promise<number>((resolve, reject) => {
    settle = { exit: resolve, fail: reject };
  });
  exit.catch(() => undefined);
  return {
    input: (data) => call.send({ type: "input", dataBase64: Buffer.from(data).toString("base64") }),
    resize: (newCols, newRows) => call.send({ type: "resize", cols: newCols, rows: newRows }),
    output: terminalOutput(call.lines, settle),
    exit,
  };
}

async function* terminalOutput(
  lines: AsyncIterable<ExecLine>,
  settle: { exit: (code: number) => void; fail: (error: unknown) => void },
): AsyncGenerator<Uint8Array> {
  try {
    for await (const line of lines) {
      if (line.type === "exit") return settle.exit(line.exitCode);
      yield Buffer.from(line.dataBase64, "base64");
    }
    settle.fail(new SpectestError("CHANNEL", { what: "the terminal ended without an exit code" }));
  } catch (error) {
    settle.fail(error);
    throw error;
  }
}
