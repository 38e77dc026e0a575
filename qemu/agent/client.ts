import { EventEmitter, once } from "node:events";
import type { Duplex } from "node:stream";
import { SpectestError } from "../../src/errors/index.ts";
import { LineSplitter } from "./lines.ts";
import { type AgentRequest, parseAgentLine } from "./protocol.ts";

const DEFAULT_TIMEOUT_MS = 60_000;

interface Pending {
  op: string;
  resolve(fields: Record<string, unknown>): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

/**
 * The guest agent's end of a conversation in newline-delimited JSON. Requests may overlap; each waits for its own answer.
 * Lines that are no answer are ignored: after a fork the guest may still be sending to the host of its parent.
 */
export class AgentClient {
  readonly #pending = new Map<string, Pending>();
  readonly #events = new EventEmitter();
  /** Ids differ between clients, so that an answer meant for a parent's host is never taken for ours. */
  readonly #idPrefix: string;
  #stream: Duplex;
  #lastId = 0;
  #failure: Error | undefined;

  constructor(stream: Duplex, idPrefix: string) {
    this.#idPrefix = idPrefix;
    this.#stream = stream;
    this.#attach(stream);
  }

  /** How many requests wait for their answers. */
  get inFlight(): number {
    return this.#pending.size;
  }

  /**
   * @throws AGENT when the guest refuses or does not answer within `timeoutMs` (default 60000).
   */
  request(request: AgentRequest, options: { timeoutMs?: number } = {}): Promise<Record<string, unknown>> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = `${this.#idPrefix}-${++this.#lastId}`;
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#take(id);
        reject(
          new SpectestError("AGENT", { what: `the guest agent did not answer "${request.op}" within ${timeoutMs} ms`, value: request.op }),
        );
      }, timeoutMs);
      this.#pending.set(id, { op: request.op, resolve, reject, timer });
      this.#stream.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  }

  /** Resolves at the next unsolicited event of this name. */
  async waitEvent(name: string, signal?: AbortSignal): Promise<void> {
    await once(this.#events, `event:${name}`, signal ? { signal } : {});
  }

  /** Resolves when no request is in flight. */
  async idle(): Promise<void> {
    while (this.#pending.size > 0 && !this.#failure) await once(this.#events, "idle");
  }

  /** Continues over another connection: the machine moved to another QEMU process. Nothing may be in flight. */
  rebind(stream: Duplex): void {
    const old = this.#stream;
    this.#stream = stream;
    old.destroy();
    this.#attach(stream);
  }

  /** Rejects everything pending and everything to come with this reason. The first reason stays. */
  fail(reason: Error): void {
    if (this.#failure) return;
    this.#failure = reason;
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(reason);
    this.#events.emit("idle");
    this.#stream.destroy();
  }

  #attach(stream: Duplex): void {
    const splitter = new LineSplitter();
    stream.on("data", (chunk: Buffer) => {
      for (const line of splitter.push(chunk)) this.#receive(line);
    });
    stream.on("error", () => undefined);
    stream.on("close", () => {
      if (stream === this.#stream) this.fail(new SpectestError("AGENT", { what: "the connection to the guest agent was closed" }));
    });
    // Ends whatever half line an earlier host left in the guest.
    stream.write("\n");
  }

  #receive(line: string): void {
    const message = parseAgentLine(line);
    if (!message) return;
    switch (message.kind) {
      case "event":
        this.#events.emit(`event:${message.name}`);
        return;
      case "reply":
        this.#take(message.id)?.resolve(message.fields);
        return;
      case "refusal": {
        const pending = this.#take(message.id);
        pending?.reject(
          new SpectestError("AGENT", { what: `the guest agent refused "${pending.op}": ${message.error}`, value: pending.op }),
        );
        return;
      }
    }
  }

  #take(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    if (!pending) return undefined;
    clearTimeout(pending.timer);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#events.emit("idle");
    return pending;
  }
}
