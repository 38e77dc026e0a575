/**
 * How `vm capture` and `vm stop` reach a machine that another process keeps: that process listens on a socket of this
 * user's, one request and one answer per connection, each a line of JSON.
 */
import { chmod, mkdir, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { type ErrorCode, isSpectestError, messageOf, SpectestError } from "../../../errors/index.ts";
import { isErrorCode } from "../../errors.ts";

export type VmRequest = { op: "stop" } | { op: "capture"; name?: string; then: "continue" | "stop" };

type Answer = { ok: true; result: unknown } | { ok: false; code: string; message: string; hint?: string };

function socketPath(home: string, vmId: string): string {
  return join(home, "keep", `${vmId}.sock`);
}

/** Answers requests for one machine until it is closed. What `handle` throws is the answer. */
export async function serveVm(
  home: string,
  vmId: string,
  handle: (request: VmRequest) => Promise<unknown>,
): Promise<{ close(): Promise<void> }> {
  const path = socketPath(home, vmId);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await rm(path, { force: true });
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    void answerOne(socket, handle);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return {
    async close() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(path, { force: true });
    },
  };
}

async function answerOne(socket: Socket, handle: (request: VmRequest) => Promise<unknown>): Promise<void> {
  let answer: Answer;
  try {
    // The socket is this user's alone, and its only writer is `askVm`: the shape is trusted.
    const request = JSON.parse(await firstLine(socket)) as VmRequest;
    answer = { ok: true, result: await handle(request) };
  } catch (error) {
    const known = isSpectestError(error) ? error : undefined;
    const code: ErrorCode = known?.code ?? "INTERNAL";
    answer = { ok: false, code, message: messageOf(error), ...(known?.hint === undefined ? {} : { hint: known.hint }) };
  }
  socket.end(`${JSON.stringify(answer)}\n`);
}

/**
 * Asks the process that keeps a machine.
 *
 * @throws VM_STATE when no process keeps it (a run's machine, or one whose process died), else what that process answered
 */
export async function askVm(home: string, vmId: string, request: VmRequest): Promise<unknown> {
  const socket = await reach(home, vmId);
  socket.write(`${JSON.stringify(request)}\n`);
  const answer = JSON.parse(await firstLine(socket)) as Answer;
  socket.destroy();
  if (answer.ok) return answer.result;
  throw new SpectestError(isErrorCode(answer.code) ? answer.code : "INTERNAL", {
    what: answer.message,
    ...(answer.hint === undefined ? {} : { hint: answer.hint }),
  });
}

function reach(home: string, vmId: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath(home, vmId));
    socket.once("connect", () => resolve(socket));
    socket.once("error", (cause) =>
      reject(
        new SpectestError("VM_STATE", {
          what: `machine ${vmId} takes no requests: only machines kept by \`spectest vm start\`, \`fork\` or \`resume\` do`,
          cause,
          hint: "spectest vm start",
        }),
      ),
    );
  });
}

async function firstLine(socket: Socket): Promise<string> {
  for await (const line of createInterface({ input: socket })) return line;
  throw new SpectestError("CHANNEL", { what: "the other end closed the connection without a word" });
}
