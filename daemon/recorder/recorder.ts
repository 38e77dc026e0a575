import { AsyncLocalStorage } from "node:async_hooks";
import type { RecordedEvent, TerminalSession, WireError } from "../../src/protocol/index.ts";
import type { RunItem } from "../ipc/messages.ts";

type Bookkeeping = "seq" | "id" | "parentSeq" | "startMs" | "durationMs" | "error";
type Distribute<E> = E extends RecordedEvent ? Omit<E, Bookkeeping> : never;
/** What a caller says of an event; the recorder adds numbers and times. */
export type EventDraft = Distribute<RecordedEvent>;
export type DraftOf<K extends RecordedEvent["kind"]> = Extract<EventDraft, { kind: K }>;

/** An event that has begun. */
export interface OpenEvent<K extends RecordedEvent["kind"]> {
  readonly seq: number;
  /** Changes fields of the event while it goes on, or after it ended (a response body read later). */
  update(fields: Partial<DraftOf<K>>): void;
  /** Sets the duration. Later calls are ignored. */
  end(fields?: Partial<DraftOf<K>>, error?: WireError): void;
  /** Runs `fn` so that events recorded in it become this one's children. */
  within<T>(fn: () => T): T;
}

export interface RecorderOptions {
  /** Starts every id; unique to the fork and to the run. */
  idPrefix: string;
  emit(item: RunItem): void;
  /** Monotonic milliseconds. */
  now?: () => number;
}

interface Scope {
  recorder: Recorder;
  parentSeq: number | undefined;
  /** Set for one attempt of a poll: what it records is held back until it proves to be the last one. */
  attempt: Attempt | undefined;
}

/** Events of one attempt. */
interface Attempt {
  items: RunItem[];
  seqs: Set<number>;
  state: "running" | "kept" | "dropped";
}

const scopes = new AsyncLocalStorage<Scope>();

/**
 * The events and terminal sessions of one run of one test. Sequence numbers are reserved when the work starts,
 * so order is by start. After `close` nothing more is recorded: a straggler of a finished test cannot write into it.
 */
export class Recorder {
  readonly #events = new Map<number, RecordedEvent>();
  readonly #terminals = new Map<string, TerminalSession>();
  readonly #open = new Map<number, RecordedEvent>();
  readonly #options: RecorderOptions;
  readonly #now: () => number;
  readonly #startedAtMs: number;
  #lastSeq = 0;
  #lastTerminal = 0;
  #closed = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#startedAtMs = this.#now();
  }

  /** The recorder of the run whose work called this, wherever that work was handed on to. */
  static current(): Recorder | undefined {
    return scopes.getStore()?.recorder;
  }

  /** Runs `fn` as the root of this recorder's work. */
  run<T>(fn: () => T): T {
    return scopes.run({ recorder: this, parentSeq: undefined, attempt: undefined }, fn);
  }

  elapsedMs(): number {
    return this.#now() - this.#startedAtMs;
  }

  begin<K extends RecordedEvent["kind"]>(draft: DraftOf<K>): OpenEvent<K> {
    const seq = ++this.#lastSeq;
    const scope = this.#scope();
    const parent = scope?.parentSeq === undefined ? {} : { parentSeq: scope.parentSeq };
    // A draft with its bookkeeping is an event; the checker cannot see that through a generic kind.
    let event = { ...draft, seq, id: `${this.#options.idPrefix}.${seq}`, ...parent, startMs: this.elapsedMs() } as RecordedEvent;
    const attempt = scope?.attempt;
    const put = (next: RecordedEvent): void => {
      event = next;
      this.#put(next, attempt);
    };
    attempt?.seqs.add(seq);
    this.#open.set(seq, event);
    put(event);
    this.#announcePhase();
    return {
      seq,
      update: (fields) => put({ ...event, ...fields } as RecordedEvent),
      end: (fields, error) => {
        if (event.durationMs !== undefined) return;
        this.#open.delete(seq);
        const failure = error === undefined ? {} : { error };
        put({ ...event, ...fields, durationMs: this.elapsedMs() - event.startMs, ...failure } as RecordedEvent);
        this.#announcePhase();
      },
      within: (fn) => scopes.run({ recorder: this, parentSeq: seq, attempt }, fn),
    };
  }

  /** Records something that takes no time. */
  note<K extends RecordedEvent["kind"]>(draft: DraftOf<K>, error?: WireError): number {
    const event = this.begin(draft);
    event.end(undefined, error);
    return event.seq;
  }

  /**
   * Runs one attempt of a poll. What it records is kept only if `keep` of the result is called; dropping it
   * silences it too, should it still be running.
   */
  attempt<T>(parentSeq: number, fn: () => T): { result: T; keep(): void; drop(): void } {
    const outer = this.#scope()?.attempt;
    const attempt: Attempt = { items: [], seqs: new Set(), state: "running" };
    return {
      result: scopes.run({ recorder: this, parentSeq, attempt }, fn),
      keep: () => {
        attempt.state = "kept";
        for (const seq of attempt.seqs) outer?.seqs.add(seq);
        for (const item of attempt.items.splice(0)) this.#emit(item, outer);
      },
      drop: () => {
        attempt.state = "dropped";
        for (const seq of attempt.seqs) {
          this.#events.delete(seq);
          this.#open.delete(seq);
        }
        for (const item of attempt.items) if (item.type === "terminal-opened") this.#terminals.delete(item.session.id);
      },
    };
  }

  openTerminal(title: string, cols: number, rows: number): { id: string; write(data: string, atSeconds: number): void } {
    const id = `${this.#options.idPrefix}.t${++this.#lastTerminal}`;
    const session: TerminalSession = { id, title, cols, rows, frames: [] };
    const attempt = this.#scope()?.attempt;
    if (!this.#closed) {
      this.#terminals.set(id, session);
      this.#emit({ type: "terminal-opened", session: { ...session, frames: [] } }, attempt);
    }
    return {
      id,
      write: (data, atSeconds) => {
        if (this.#closed || data === "") return;
        session.frames.push([atSeconds, data]);
        this.#emit({ type: "terminal-output", id, atSeconds, data }, attempt);
      },
    };
  }

  /** What is going on now: the work that began last and has not ended. */
  phase(): string | undefined {
    const open = [...this.#open.values()].filter((event) => event.kind !== "terminal").at(-1);
    return open === undefined ? undefined : describe(open);
  }

  close(): void {
    this.#closed = true;
  }

  /** In order of start, with the sessions they refer to. */
  result(): { events: RecordedEvent[]; terminals: TerminalSession[] } {
    const events = [...this.#events.values()].sort((a, b) => a.seq - b.seq);
    const referred = new Set(events.map((event) => ("terminalId" in event ? event.terminalId : undefined)));
    return { events, terminals: [...this.#terminals.values()].filter((session) => referred.has(session.id)) };
  }

  #scope(): Scope | undefined {
    const scope = scopes.getStore();
    return scope?.recorder === this ? scope : undefined;
  }

  #put(event: RecordedEvent, attempt: Attempt | undefined): void {
    if (this.#closed || attempt?.state === "dropped") return;
    this.#events.set(event.seq, event);
    if (this.#open.has(event.seq)) this.#open.set(event.seq, event);
    this.#emit({ type: "event", event }, attempt);
  }

  #emit(item: RunItem, attempt: Attempt | undefined): void {
    if (this.#closed || attempt?.state === "dropped") return;
    if (attempt?.state === "running") attempt.items.push(item);
    else this.#options.emit(item);
  }

  #announcePhase(): void {
    if (!this.#closed) this.#options.emit({ type: "phase", phase: this.phase() ?? "the test's own code" });
  }
}

function describe(event: RecordedEvent): string {
  switch (event.kind) {
    case "exec":
    case "terminal":
      return `${event.kind} ${event.service}: ${event.command}`;
    case "http":
      return `fetch ${event.method} ${event.url}`;
    case "fake":
      return `fakes.${event.fake}.${event.member}`;
    case "terminal-step":
    case "browser-step":
      return `${event.kind === "terminal-step" ? "terminal" : "browser"} ${event.action}`;
    case "wait":
      return `poll "${event.description}"`;
    case "step":
      return `step "${event.title}"`;
    case "env":
      return event.detail;
    case "assertion":
      return `expect ${event.matcher}`;
    case "log":
      return "console";
  }
}
