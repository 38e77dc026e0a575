/** One end of a two-way call channel: used by the daemon and, mirrored, by the project host. */
import { isSpectestError, SpectestError } from "../../src/errors/index.ts";
import { catalogue, type ErrorCode } from "../../src/errors/index.ts";
import type { WireError } from "../../src/protocol/index.ts";
import type { IpcMessage, Method } from "./messages.ts";

export type Methods<M> = { [K in keyof M]: Method };

/** What a handler gets besides its parameters. */
export interface CallContext<M extends Method> {
  /** Aborted when the caller cancels or the channel closes. */
  readonly signal: AbortSignal;
  /** Streams an item to the caller. */
  emit(item: M["item"]): void;
  /** Called for every item the caller pushes, also those pushed before this was set. */
  onInput(listener: (input: M["input"]) => void): void;
}

export type Handlers<M extends Methods<M>> = {
  [K in keyof M]: (params: M[K]["params"], context: CallContext<M[K]>) => Promise<M[K]["result"]> | M[K]["result"];
};

export interface CallOptions<M extends Method> {
  onItem?(item: M["item"]): void;
  /** Asks the callee to stop; the call still waits for its reply. */
  signal?: AbortSignal;
  /** Receives the function that pushes input to the callee. */
  input?(push: (input: M["input"]) => void): void;
}

export interface Peer<Remote extends Methods<Remote>> {
  call<K extends keyof Remote & string>(
    method: K,
    params: Remote[K]["params"],
    options?: CallOptions<Remote[K]>,
  ): Promise<Remote[K]["result"]>;
  /** Feed with every message that arrives. */
  receive(message: unknown): void;
  /** Every pending call rejects with `reason`; every running handler is aborted. */
  close(reason: Error): void;
}

interface Outgoing {
  resolve(result: unknown): void;
  reject(error: Error): void;
  onItem: ((item: unknown) => void) | undefined;
  release(): void;
}

interface Incoming {
  abort: AbortController;
  listener: ((input: unknown) => void) | undefined;
  early: unknown[];
}

/** The calls the other side makes here. */
interface Answering {
  call(id: number, method: string, params: unknown): Promise<void>;
  input(id: number, input: unknown): void;
  cancel(id: number, reason: unknown): void;
  cancelAll(reason: unknown): void;
}

function createAnswering<Local extends Methods<Local>>(send: (message: IpcMessage) => void, handlers: Handlers<Local>): Answering {
  const running = new Map<number, Incoming>();
  return {
    call: async (id, method, params) => {
      const state: Incoming = { abort: new AbortController(), listener: undefined, early: [] };
      running.set(id, state);
      const context: CallContext<Method> = {
        signal: state.abort.signal,
        emit: (item) => send({ kind: "item", id, item }),
        onInput: (listener) => {
          state.listener = listener;
          for (const input of state.early.splice(0)) listener(input);
        },
      };
      try {
        const result = await dispatch(handlers, method, params, context);
        send({ kind: "reply", id, ok: true, result });
      } catch (error) {
        send({ kind: "reply", id, ok: false, error: toWireError(error) });
      } finally {
        running.delete(id);
      }
    },
    input: (id, input) => {
      const state = running.get(id);
      if (state?.listener) state.listener(input);
      else state?.early.push(input);
    },
    cancel: (id, reason) => running.get(id)?.abort.abort(reason),
    cancelAll: (reason) => {
      for (const { abort } of running.values()) abort.abort(reason);
    },
  };
}

/** The calls made from here. */
interface Asking {
  call(method: string, params: unknown, options: CallOptions<Method>): Promise<unknown>;
  reply(message: Extract<IpcMessage, { kind: "reply" }>): void;
  item(id: number, item: unknown): void;
  rejectAll(reason: Error): void;
}

function createAsking(send: (message: IpcMessage) => void): Asking {
  const pending = new Map<number, Outgoing>();
  let lastId = 0;
  return {
    call: (method, params, { signal, onItem, input: giveInput }) =>
      new Promise((resolve, reject) => {
        const id = ++lastId;
        const cancel = (): void => send({ kind: "cancel", id, reason: String(signal?.reason ?? "cancelled") });
        pending.set(id, { resolve, reject, onItem, release: () => signal?.removeEventListener("abort", cancel) });
        send({ kind: "call", id, method, params });
        if (signal?.aborted) cancel();
        else signal?.addEventListener("abort", cancel, { once: true });
        giveInput?.((input) => {
          if (pending.has(id)) send({ kind: "input", id, input });
        });
      }),
    reply: (message) => {
      const call = pending.get(message.id);
      if (!call) return;
      pending.delete(message.id);
      call.release();
      if (message.ok) call.resolve(message.result);
      else call.reject(fromWireError(message.error));
    },
    item: (id, item) => pending.get(id)?.onItem?.(item),
    rejectAll: (reason) => {
      for (const { reject, release } of pending.values()) {
        release();
        reject(reason);
      }
      pending.clear();
    },
  };
}

/**
 * @example
 * const peer = createPeer<HostMethods, DaemonMethods>((message) => child.send(message), handlers);
 * child.on("message", (message) => peer.receive(message));
 * const environment = await peer.call("loadEnvironment", { dir, entry, caPem, caPath });
 */
export function createPeer<Remote extends Methods<Remote>, Local extends Methods<Local>>(
  send: (message: IpcMessage) => void,
  handlers: Handlers<Local>,
): Peer<Remote> {
  let closed: Error | undefined;
  const sendWhileOpen = (message: IpcMessage): void => {
    if (!closed) send(message);
  };
  const answering = createAnswering(sendWhileOpen, handlers);
  const asking = createAsking(sendWhileOpen);
  return {
    call: (method, params, options = {}) => (closed ? Promise.reject(closed) : asking.call(method, params, options)),
    receive: (message) => {
      if (!isIpcMessage(message)) return;
      switch (message.kind) {
        case "call":
          void answering.call(message.id, message.method, message.params);
          return;
        case "reply":
          asking.reply(message);
          return;
        case "item":
          asking.item(message.id, message.item);
          return;
        case "input":
          answering.input(message.id, message.input);
          return;
        case "cancel":
          answering.cancel(message.id, new SpectestError("CANCELLED", { what: message.reason }));
          return;
        case "ready":
          return;
      }
    },
    close: (reason) => {
      if (closed) return;
      closed = reason;
      asking.rejectAll(reason);
      answering.cancelAll(reason);
    },
  };
}

async function dispatch<L extends Methods<L>>(
  handlers: Handlers<L>,
  method: string,
  params: unknown,
  context: CallContext<Method>,
): Promise<unknown> {
  if (!Object.hasOwn(handlers, method)) throw new SpectestError("INTERNAL", { what: `no such method: ${method}` });
  // The one place where the type of a call is erased: each end is compiled against the same message table.
  const handler = handlers[method as keyof L] as (params: unknown, context: CallContext<Method>) => unknown;
  return await handler(params, context);
}

function isIpcMessage(value: unknown): value is IpcMessage {
  return typeof value === "object" && value !== null && "kind" in value && typeof value.kind === "string";
}

/** Keeps what a WireError can carry; `at`, `diff` and mapped stacks may be set on the error by whoever knows them. */
export function toWireError(error: unknown): WireError {
  if (!(error instanceof Error)) return { name: "Error", message: `a value that is no Error was thrown: ${String(error)}` };
  const wire: WireError = { name: error.name, message: error.message };
  if (error.stack !== undefined) wire.stack = error.stack;
  if (isSpectestError(error)) {
    wire.code = error.code;
    if (error.hint !== undefined) wire.hint = error.hint;
    if (error.at?.line !== undefined) wire.at = { file: error.at.file, line: error.at.line };
  }
  if (error instanceof RemoteError) return { ...wire, ...error.wire };
  return wire;
}

/** A failure of the other side without a code of the catalogue, e.g. what a test author's hook threw. */
export class RemoteError extends Error {
  readonly wire: WireError;
  constructor(wire: WireError) {
    super(wire.message);
    this.name = wire.name;
    this.wire = wire;
    if (wire.stack !== undefined) this.stack = wire.stack;
  }
}

function isErrorCode(code: string | undefined): code is ErrorCode {
  return code !== undefined && Object.hasOwn(catalogue, code);
}

export function fromWireError(wire: WireError): Error {
  if (!isErrorCode(wire.code)) return new RemoteError(wire);
  const error = new SpectestError(wire.code, {
    what: wire.message,
    ...(wire.hint === undefined ? {} : { hint: wire.hint }),
    ...(wire.at === undefined ? {} : { at: { file: wire.at.file, line: wire.at.line } }),
    value: wire,
  });
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}
