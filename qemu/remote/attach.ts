import { connect, type Socket } from "node:net";
import type { z } from "zod";
import { SpectestError } from "../../src/errors/index.ts";
import type { CaptureOptions, CaptureResult, GuestAgent, VmEngine, VmInfo } from "../types.ts";
import { BoundedLines } from "./lines.ts";
import { machinePlaces } from "./places.ts";
import { fromWire, MAX_REPLY_BYTES, type RemoteCall, type RemoteOp, type RemoteReply, replySchema, resultSchemas } from "./protocol.ts";

const GREETING_TIMEOUT_MS = 10_000;

/** A machine that another process holds. Every method rejects with VM_DEAD when that process goes away. */
export interface RemoteVm {
  readonly id: string;
  info(): Promise<VmInfo>;
  capture(options?: Partial<Pick<CaptureOptions, "key" | "name" | "then">>): Promise<CaptureResult>;
  exec: GuestAgent["exec"];
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Resolves when the machine and its directory are gone. */
  stop(mode?: "shutdown" | "kill"): Promise<void>;
  /** Lets go; the machine runs on. What is under way is rejected with CANCELLED. */
  close(): void;
}

/**
 * Connects to the process that holds a machine of this store, and asks it one thing to see that it answers.
 *
 * @throws VM_NOT_FOUND; VM_STATE when its holder takes no commands (it is still starting, or a test's); VM_TIMEOUT
 * @example
 * const vm = await attachVm(engine, "k3f9a2b7c");
 * const { snapshot } = await vm.capture({ name: "seeded" });
 */
export async function attachVm(engine: Pick<VmEngine, "home" | "list">, id: string): Promise<RemoteVm> {
  await engine.list(); // what dead holders left behind goes first
  const { hostSocket, holderPid } = await machinePlaces(engine.home, id);
  return attachVmAt(hostSocket, id, { holderPid });
}

export async function attachVmAt(path: string, id: string, options: { holderPid: number; greetingTimeoutMs?: number }): Promise<RemoteVm> {
  const holder = `process ${options.holderPid}, which holds machine ${id},`;
  const socket = await connected(path).catch((cause: unknown) => {
    throw new SpectestError("VM_STATE", { what: `${holder} takes no commands now`, hint: "spectest vm ls", value: id, cause });
  });
  const link = new Link(socket, holder);
  const limitMs = options.greetingTimeoutMs ?? GREETING_TIMEOUT_MS;
  const timer = setTimeout(
    () => link.fail(new SpectestError("VM_TIMEOUT", { what: `${holder} did not answer within ${limitMs} ms`, value: id })),
    limitMs,
  );
  await link.call({ op: "info" }).finally(() => clearTimeout(timer));
  return {
    id,
    info: () => link.call({ op: "info" }),
    capture: (wanted = {}) => link.call({ op: "capture", ...wanted }),
    exec: (argv, wanted = {}) => link.call({ op: "exec", argv: [...argv], ...wanted }),
    pause: async () => void (await link.call({ op: "pause" })),
    resume: async () => void (await link.call({ op: "resume" })),
    stop: async (mode = "shutdown") => void (await link.call({ op: "stop", mode })),
    close: () => link.fail(new SpectestError("CANCELLED", { what: `machine ${id} was let go of` })),
  };
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

type ResultOf<Op extends RemoteOp> = z.infer<(typeof resultSchemas)[Op]>;

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

/** The client's end of one connection. */
class Link {
  readonly #socket: Socket;
  readonly #holder: string;
  readonly #lines = new BoundedLines(MAX_REPLY_BYTES);
  readonly #pending = new Map<number, Waiting>();
  #lastId = 0;
  #failure: Error | undefined;

  constructor(socket: Socket, holder: string) {
    this.#socket = socket;
    this.#holder = holder;
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.once("close", () => this.fail(new SpectestError("VM_DEAD", { what: `${holder} has gone away`, hint: "spectest vm ls" })));
  }

  async call<Op extends RemoteOp>(call: Extract<RemoteCall, { op: Op }>): Promise<ResultOf<Op>> {
    if (this.#failure) throw this.#failure;
    const id = ++this.#lastId;
    const result = await new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#socket.write(`${JSON.stringify({ id, ...call })}\n`);
    });
    const op: Op = call.op;
    const read = resultSchemas[op].safeParse(result);
    if (read.success) return read.data as ResultOf<Op>;
    throw this.#garbage(`its answer to "${op}" is not one`);
  }

  /** Rejects what waits and what comes, and ends the connection. The first reason stays. */
  fail(reason: Error): void {
    this.#failure ??= reason;
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    try {
      for (const line of this.#lines.push(chunk)) this.#receive(replySchema.parse(JSON.parse(line)));
    } catch {
      this.fail(this.#garbage("it sent something that is no answer"));
    }
  }

  #receive(reply: RemoteReply): void {
    if (reply.ok) return this.#take(reply.id)?.resolve(reply.result);
    const error = fromWire(reply.error);
    if (reply.id === null) this.fail(error);
    else this.#take(reply.id)?.reject(error);
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#pending.get(id);
    this.#pending.delete(id);
    return waiting;
  }

  #garbage(what: string): SpectestError {
    return new SpectestError("CHANNEL", { what: `${this.#holder} is of another version or broken: ${what}` });
  }
}
