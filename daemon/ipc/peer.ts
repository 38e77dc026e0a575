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
  onItem?: (item: M["item"]) => void;
  /** Asks the callee to stop; the call still waits for its reply. */
  signal?: AbortSignal;
  /** Receives the function that pushes input to the callee. */
  input?: (push: (input: M["input"]) => void) => void;
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
  const outgoing = new Map<number, Outgoing>();
  const incoming = new Map<number, Incoming>();
  let lastId = 0;
  let closed: Error | undefined;

  const answer = async (id: number, method: string, params: unknown): Promise<void> => {
    const state: Incoming = { abort: new AbortController(), listener: undefined, early: [] };
    incoming.set(id, state);
    const context: CallContext<Method> = {
      signal: state.abort.signal,
      emit: (item) => {
        if (!closed) send({ kind: "item", id, item });
      },
      onInput: (listener) => {
        state.listener = listener;
        for (const input of state.early.splice(0)) listener(input);
      },
    };
    try {
      const result = await dispatch(handlers, method, params, context);
      if (!closed) send({ kind: "reply", id, ok: true, result });
    } catch (error) {
      if (!closed) send({ kind: "reply", id, ok: false, error: toWireError(error) });
    } finally {
      incoming.delete(id);
    }
  };

  const settle = (message: Extract<IpcMessage, { kind: "reply" }>): void => {
    const call = outgoing.get(message.id);
    if (!call) return;
    outgoing.delete(message.id);
    call.release();
    if (message.ok) call.resolve(message.result);
    else call.reject(fromWireError(message.error));
  };

  const call: Peer<Remote>["call"] = (method, params, options = {}) =>
    new Promise((resolve, reject) => {
      if (closed) {
        reject(closed);
        return;
      }
      const id = ++lastId;
      const cancel = (): void => send({ kind: "cancel", id, reason: String(options.signal?.reason ?? "cancelled") });
      outgoing.set(id, {
        resolve,
        reject,
        onItem: options.onItem,
        release: () => options.signal?.removeEventListener("abort", cancel),
      });
      send({ kind: "call", id, method, params });
      if (options.signal?.aborted) cancel();
      else options.signal?.addEventListener("abort", cancel, { once: true });
      options.input?.((input) => {
        if (!closed && outgoing.has(id)) send({ kind: "input", id, input });
      });
    });

  return {
    call,
    receive: (raw) => {
      if (!isIpcMessage(raw)) return;
      switch (raw.kind) {
        case "call":
          void answer(raw.id, raw.method, raw.params);
          return;
        case "reply":
          settle(raw);
          return;
        case "item":
          outgoing.get(raw.id)?.onItem?.(raw.item);
          return;
        case "input": {
          const state = incoming.get(raw.id);
          if (state?.listener) state.listener(raw.input);
          else state?.early.push(raw.input);
          return;
        }
        case "cancel":
          incoming.get(raw.id)?.abort.abort(new SpectestError("CANCELLED", { what: raw.reason }));
          return;
        case "ready":
          return;
      }
    },
    close: (reason) => {
      if (closed) return;
      closed = reason;
      for (const { reject, release } of outgoing.values()) {
        release();
        reject(reason);
      }
      outgoing.clear();
      for (const { abort } of incoming.values()) abort.abort(reason);
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
