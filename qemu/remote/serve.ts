import { chmod } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { SpectestError } from "../../src/errors/index.ts";
import { shortId } from "../../src/platform/index.ts";
import type { Vm, VmEngine } from "../types.ts";
import { BoundedLines } from "./lines.ts";
import { machinePlaces } from "./places.ts";
import { MAX_REQUEST_BYTES, type RemoteReply, type RemoteRequest, requestSchema, toWire } from "./protocol.ts";

const MAX_CLIENTS = 32;
/** A command in the guest may run for hours; who closes does not wait for it. */
const CLOSE_GRACE_MS = 1_000;
/** Once the machine has ended nothing runs for long, and whoever asked for that is to hear of it. */
const ENDED_GRACE_MS = 10_000;

export interface RemoteServer {
  /** Lets answers that are nearly there go out, then ends every connection. Safe to call again. */
  close(): Promise<void>;
}

/**
 * Lets other processes of this user command a machine that this process holds, until the machine has ended.
 *
 * @example
 * const server = await serveVm(engine, await engine.fork(snapshot.id));
 */
export async function serveVm(engine: Pick<VmEngine, "home">, vm: Vm): Promise<RemoteServer> {
  const { hostSocket } = await machinePlaces(engine.home, vm.id);
  return serveVmAt(hostSocket, vm);
}

/** @param path of a socket below a directory of mode 0700; it is there, of mode 0600, when this resolves */
export async function serveVmAt(path: string, vm: Vm): Promise<RemoteServer> {
  const clients = new Set<Client>();
  const server = createServer((socket) => {
    const client = new Client(socket, vm);
    clients.add(client);
    socket.once("close", () => clients.delete(client));
  });
  server.maxConnections = MAX_CLIENTS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  server.on("error", () => undefined);
  const close = async (graceMs: number): Promise<void> => {
    const closed = closeServer(server);
    await Promise.all([...clients].map((client) => client.finish(graceMs)));
    await closed;
  };
  void vm.exited.then(() => close(ENDED_GRACE_MS));
  return { close: () => close(CLOSE_GRACE_MS) };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** One connection. Its requests may overlap; the machine itself puts them in order. */
class Client {
  readonly #socket: Socket;
  readonly #vm: Vm;
  readonly #lines = new BoundedLines(MAX_REQUEST_BYTES);
  readonly #pending = new Set<Promise<void>>();

  constructor(socket: Socket, vm: Vm) {
    this.#socket = socket;
    this.#vm = vm;
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
  }

  async finish(graceMs: number): Promise<void> {
    const grace = new AbortController();
    const late = sleep(graceMs, undefined, { signal: grace.signal }).catch(() => undefined);
    await Promise.race([Promise.all(this.#pending), late]);
    grace.abort();
    await new Promise<void>((resolve) => {
      if (this.#socket.destroyed) return resolve();
      this.#socket.once("close", () => resolve());
      this.#socket.end(() => this.#socket.destroy());
    });
  }

  #read(chunk: Buffer): void {
    try {
      for (const line of this.#lines.push(chunk)) if (line.trim() !== "") this.#receive(line);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#socket.removeAllListeners("data");
      this.#send(refusal(null, error.message));
      this.#socket.end(() => this.#socket.destroy());
    }
  }

  #receive(line: string): void {
    const value = parsed(line);
    const request = requestSchema.safeParse(value);
    if (!request.success) return this.#send(refusal(idOf(value), describe(value)));
    const work = this.#answer(request.data);
    this.#pending.add(work);
    void work.finally(() => this.#pending.delete(work));
  }

  async #answer(request: RemoteRequest): Promise<void> {
    const { id } = request;
    const reply = await perform(this.#vm, request).then(
      (result): RemoteReply => ({ id, ok: true, result }),
      (error: unknown): RemoteReply => ({ id, ok: false, error: toWire(error) }),
    );
    this.#send(reply);
  }

  #send(reply: RemoteReply): void {
    if (!this.#socket.destroyed) this.#socket.write(`${JSON.stringify(reply)}\n`);
  }
}

async function perform(vm: Vm, request: RemoteRequest): Promise<unknown> {
  switch (request.op) {
    case "info":
      return vm.info;
    case "capture": {
      const { key = `capture of ${vm.id} ${shortId()}`, name, then = "continue" } = request;
      return vm.capture({ key, then, labels: { capturedFrom: vm.id }, ...(name === undefined ? {} : { name }) });
    }
    case "exec": {
      const { argv, stdin, timeoutMs } = request;
      return vm.agent.exec(argv, { ...(stdin === undefined ? {} : { stdin }), ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    }
    case "pause":
      await vm.pause();
      return null;
    case "resume":
      await vm.resume();
      return null;
    case "stop":
      await vm.stop(request.mode);
      return null;
  }
}

function refusal(id: number | null, what: string): RemoteReply {
  return { id, ok: false, error: toWire(new SpectestError("CHANNEL", { what: `the machine's holder was sent ${what}` })) };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function idOf(value: unknown): number | null {
  const isNamed = typeof value === "object" && value !== null && "id" in value;
  return isNamed && typeof value.id === "number" && Number.isSafeInteger(value.id) && value.id >= 0 ? value.id : null;
}

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return "something that is no request";
  return "op" in value && typeof value.op === "string"
    ? `a request "${value.op.slice(0, 40)}" that it does not know, or whose fields are not right`
    : "a request without an operation";
}
