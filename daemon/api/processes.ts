/** Routes that run or read processes in containers: exec, terminal, logs. */
import { SpectestError } from "../../src/errors/index.ts";
import type { ExecLine } from "../../src/protocol/index.ts";
import type { Docker, RunningExec } from "../docker/types.ts";
import type { ServiceRegistry } from "../services/registry.ts";
import { toLogLines } from "./logLines.ts";
import type { RouteHandlers } from "./server.ts";

/** An interactive shell of whatever the image has. */
export const LOGIN_SHELL = ["sh", "-c", "if command -v bash >/dev/null 2>&1; then exec bash -l; else exec sh -l; fi"];

export function processHandlers(docker: Docker, registry: ServiceRegistry): Pick<RouteHandlers, "exec" | "terminal" | "logs"> {
  const pass = async (running: RunningExec, signal: AbortSignal, send: (line: ExecLine) => Promise<void>): Promise<void> => {
    const kill = (): void => void running.kill().catch(() => {});
    signal.addEventListener("abort", kill, { once: true });
    try {
      for await (const { stream, data } of running.output) await send({ type: "output", stream, dataBase64: data.toString("base64") });
      await send({ type: "exit", exitCode: await running.exitCode() });
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener("abort", kill);
    }
  };

  return {
    exec: async ({ service, argv, stdin }, { send, signal }) => {
      const { container } = registry.running(service);
      const running = await docker.exec(container.id, { argv, stdin: stdin !== undefined });
      if (stdin !== undefined) {
        running.write(Buffer.from(stdin, "utf8"));
        running.endInput();
      }
      await pass(running, signal, send);
    },

    terminal: async (_nothing, { lines, send, signal }) => {
      const input = lines[Symbol.asyncIterator]();
      const first = await input.next();
      if (first.done || first.value.type !== "open") {
        throw new SpectestError("DAEMON_BAD_REQUEST", { what: "a terminal begins with an `open` line" });
      }
      const { service, argv, cols, rows } = first.value.request;
      const { container } = registry.running(service);
      const running = await docker.exec(container.id, {
        argv: argv ?? LOGIN_SHELL,
        tty: { cols, rows },
        stdin: true,
        env: { TERM: "xterm-256color" },
      });
      const feed = async (): Promise<void> => {
        for (let line = await input.next(); !line.done; line = await input.next()) {
          if (line.value.type === "input") running.write(Buffer.from(line.value.dataBase64, "base64"));
          else if (line.value.type === "resize") await running.resize(line.value.cols, line.value.rows);
        }
      };
      // A broken input ends the terminal: nobody is there any more.
      feed().catch(() => running.kill().catch(() => {}));
      await pass(running, signal, send);
    },

    logs: async ({ service, tail, follow }, { send, signal }) => {
      const { container } = registry.running(service);
      for await (const line of toLogLines(docker.followLog(container.id, { tail: tail ?? "all", follow }, signal))) await send(line);
    },
  };
}
