/** A Docker without containers: every service is at 127.0.0.1, and what it prints is given. */
import type { Docker, Output, RunningExec } from "../../../daemon/docker/types.ts";

export interface FakeDocker extends Docker {
  started: string[];
  removed: string[];
  pulled: string[];
  /** Ends a container, as Docker would tell. */
  die(name: string, exitCode: number): void;
}

export function createFakeDocker(images: readonly string[]): FakeDocker {
  const running = new Map<string, string>();
  const listeners = new Set<(death: { id: string; name: string; exitCode: number }) => void>();
  const fake: FakeDocker = {
    started: [],
    removed: [],
    pulled: [],
    network: async () => ({ gateway: "127.0.0.1" }),
    hasImage: async (reference) => images.includes(reference),
    pull: async (reference) => {
      fake.pulled.push(reference);
      throw new Error("no registry here");
    },
    tag: async () => {},
    removeImage: async () => {},
    exposedPorts: async () => [],
    start: async ({ name }) => {
      fake.started.push(name);
      running.set(name, `id-${name}`);
      return stateOf(name);
    },
    inspect: async (name) => (running.has(name) ? stateOf(name) : undefined),
    remove: async (name) => {
      fake.removed.push(name);
      running.delete(name);
    },
    exec: async (_id, { argv, stdin }) => execOf(argv, stdin ?? false),
    log: async (name) => {
      if (name === "mute") throw new Error("the log cannot be read");
      return { stdout: `${name} out\n`, stderr: `${name} err\n` };
    },
    followLog: async function* () {
      yield { stream: "stdout", data: Buffer.from("one\ntw") };
      yield { stream: "stdout", data: Buffer.from("o\n") };
    },
    watchDeaths: async (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    die: (name, exitCode) => {
      for (const listener of listeners) listener({ id: `id-${name}`, name, exitCode });
    },
  };
  return fake;
}

function stateOf(name: string) {
  return { id: `id-${name}`, running: true, exitCode: 0, ip: "127.0.0.1", startedAt: "2026-01-01T00:00:00Z", restarts: 0 };
}

/** Prints its arguments, then what it reads, and ends with 7; `sleep` runs until it is killed. */
function execOf(argv: readonly string[], stdin: boolean): RunningExec {
  const input: Uint8Array[] = [];
  let wake = (): void => {};
  let over = !stdin && argv[0] !== "sleep";
  let killed = false;
  async function* output(): AsyncGenerator<Output> {
    yield { stream: "stdout", data: Buffer.from(`${argv.join(" ")}\n`) };
    for (;;) {
      for (const data of input.splice(0)) yield { stream: "stderr", data: Buffer.from(data) };
      if (over) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  const end = (): void => {
    over = true;
    wake();
  };
  return {
    output: output(),
    write: (data) => {
      input.push(data);
      if (Buffer.from(data).includes("exit")) over = true;
      wake();
    },
    endInput: end,
    resize: async (cols, rows) => {
      input.push(Buffer.from(`${cols}x${rows}`));
      wake();
    },
    exitCode: async () => (killed ? 137 : 7),
    kill: async () => {
      killed = true;
      end();
    },
  };
}
