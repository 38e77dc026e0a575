/** One attempt of a ready check against a running container. */
import { get } from "node:http";
import { connect } from "node:net";
import { messageOf } from "../../src/errors/index.ts";
import type { ReadyCheck } from "../../src/protocol/index.ts";
import type { Docker } from "../docker/types.ts";

/** One attempt may not eat the whole time limit: a service can accept and never answer. */
const ATTEMPT_MS = 5000;

/** Undefined when it passed, else why not. */
export function probe(
  docker: Docker,
  container: { id: string; ip: string },
  check: ReadyCheck,
  signal: AbortSignal,
): Promise<string | undefined> {
  switch (check.type) {
    case "tcp":
      return probeTcp(container.ip, check.port, signal);
    case "http":
      return probeHttp(container.ip, check.port, check.path ?? "/", signal);
    case "exec":
      return probeExec(docker, container.id, check.command, signal);
  }
}

function probeTcp(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    socket.setTimeout(ATTEMPT_MS, () => socket.destroy(new Error(`no connection within ${ATTEMPT_MS} ms`)));
    socket.once("connect", () => {
      resolve(undefined);
      socket.destroy();
    });
    socket.once("error", (error) => resolve(error.message));
  });
}

function probeHttp(host: string, port: number, path: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get({ host, port, path, signal, timeout: ATTEMPT_MS, agent: false }, (response) => {
      response.resume();
      const { statusCode = 0 } = response;
      resolve(statusCode >= 200 && statusCode < 300 ? undefined : `status ${statusCode}`);
    });
    request.once("timeout", () => request.destroy(new Error(`no answer within ${ATTEMPT_MS} ms`)));
    request.once("error", (error) => resolve(error.message));
  });
}

async function probeExec(docker: Docker, id: string, command: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const running = await docker.exec(id, { argv: ["sh", "-c", command] });
    const kill = (): void => void running.kill().catch(() => {});
    signal.addEventListener("abort", kill, { once: true });
    let last = "";
    for await (const { data } of running.output) last = data.toString("utf8").trim().split("\n").at(-1) ?? last;
    const exitCode = await running.exitCode();
    signal.removeEventListener("abort", kill);
    return exitCode === 0 ? undefined : `exit code ${exitCode}${last === "" ? "" : ` (${last})`}`;
  } catch (error) {
    return messageOf(error);
  }
}
