import type { Duplex } from "node:stream";
import { SpectestError } from "../../src/errors/index.ts";
import { QmpDecoder, type QmpMessage } from "./decoder.ts";

const DEFAULT_TIMEOUT_MS = 30_000;

interface Pending {
  command: string;
  resolve(value: unknown): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

interface Waiter {
  accept(name: string, data: Record<string, unknown>): boolean;
  resolve(data: Record<string, unknown>): void;
  reject(error: Error): void;
}

/**
 * QEMU's monitor over one held connection. Commands are matched to answers by id, so any number may be in flight.
 * Every call rejects when the connection ends; the reason is whatever `fail` was told first.
 *
 * @example
 * const qmp = new QmpClient(socket);
 * await qmp.negotiate();
 * await qmp.execute("stop");
 */
export class QmpClient {
  readonly #stream: Duplex;
  readonly #decoder = new QmpDecoder();
  readonly #pending = new Map<string, Pending>();
  readonly #waiters = new Set<Waiter>();
  readonly #greeted: Promise<string>;
  #greet: (version: string) => void = () => undefined;
  #failGreeting: (error: Error) => void = () => undefined;
  #lastId = 0;
  #failure: Error | undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.#greeted = new Promise((resolve, reject) => {
      this.#greet = resolve;
      this.#failGreeting = reject;
    });
    this.#greeted.catch(() => undefined);
    stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    stream.on("error", (cause) => this.fail(new SpectestError("QMP", { what: `the monitor connection broke: ${cause.message}`, cause })));
    stream.on("close", () => this.fail(new SpectestError("QMP", { what: "the monitor connection was closed" })));
  }

  /** Waits for QEMU's greeting and enters command mode. Resolves to QEMU's version, e.g. "10.0.2". */
  async negotiate(): Promise<string> {
    const version = await this.#greeted;
    await this.execute("qmp_capabilities");
    return version;
  }

  /**
   * Sends a command, resolves to what QEMU returned.
   *
   * @throws QMP when QEMU refuses it or gives no answer within `timeoutMs` (default 30000).
   */
  execute(command: string, args?: Record<string, unknown>, options: { timeoutMs?: number } = {}): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = String(++this.#lastId);
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new SpectestError("QMP", { what: `no answer to ${command} within ${timeoutMs} ms`, value: command }));
      }, timeoutMs);
      this.#pending.set(id, { command, resolve, reject, timer });
      this.#stream.write(`${JSON.stringify({ execute: command, ...(args === undefined ? {} : { arguments: args }), id })}\n`);
    });
  }

  /** Resolves with the data of the next event that `accept` takes. Call it before the command that causes the event. */
  waitEvent(what: string, accept: Waiter["accept"], options: { timeoutMs?: number } = {}): Promise<Record<string, unknown>> {
    if (this.#failure) return Promise.reject(this.#failure);
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const event = new Promise<Record<string, unknown>>((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        accept,
        resolve: (data) => (settle(), resolve(data)),
        reject: (error) => (settle(), reject(error)),
      };
      const timer = setTimeout(
        () => waiter.reject(new SpectestError("QMP", { what: `QEMU did not report ${what} within ${timeoutMs} ms` })),
        timeoutMs,
      );
      this.#waiters.add(waiter);
    });
    event.catch(() => undefined);
    return event;
  }

  /** Rejects everything pending and everything to come with this reason. The first reason stays. */
  fail(reason: Error): void {
    if (this.#failure) return;
    this.#failure = reason;
    this.#failGreeting(reason);
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer);
      pending.reject(reason);
    }
    this.#pending.clear();
    for (const waiter of [...this.#waiters]) waiter.reject(reason);
    this.#stream.destroy();
  }

  #receive(chunk: Buffer): void {
    let messages: QmpMessage[];
    try {
      messages = this.#decoder.push(chunk);
    } catch (error) {
      this.fail(error instanceof Error ? error : new SpectestError("QMP", { what: String(error) }));
      return;
    }
    for (const message of messages) this.#dispatch(message);
  }

  #dispatch(message: QmpMessage): void {
    switch (message.kind) {
      case "greeting":
        this.#greet(message.version);
        return;
      case "event":
        for (const waiter of [...this.#waiters]) if (waiter.accept(message.name, message.data)) waiter.resolve(message.data);
        return;
      case "return":
        this.#take(message.id)?.resolve(message.value);
        return;
      case "error": {
        const pending = this.#take(message.id);
        pending?.reject(
          new SpectestError("QMP", {
            what: `QEMU refused ${pending.command}: ${message.description}`,
            value: { command: pending.command, class: message.errorClass },
          }),
        );
        return;
      }
    }
  }

  #take(id: string | undefined): Pending | undefined {
    const pending = id === undefined ? undefined : this.#pending.get(id);
    if (id === undefined || !pending) return undefined;
    clearTimeout(pending.timer);
    this.#pending.delete(id);
    return pending;
  }
}
