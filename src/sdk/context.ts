import type { ServiceFields } from "./services.ts";

/** Results are plain data with one extra, non-enumerable method. */
export interface Unwrap<T> {
  /** The same data without any tracking of where it came from. */
  unwrap(): T;
}

export interface ExecOutput {
  stdout: string;
  stderr: string;
  exitCode: number;
}
export type ExecResult = ExecOutput & Unwrap<ExecOutput>;

export interface ExecOptions {
  env?: Record<string, string>;
  workdir?: string;
  stdin?: string | Uint8Array;
}

/** A `Response` whose `json()` is typed by the caller. */
export interface FetchResponse extends Omit<Response, "json" | "clone"> {
  // biome-ignore lint/suspicious/noExplicitAny: a body's shape is the author's knowledge
  // oxlint-disable-next-line typescript/no-explicit-any
  json<T = any>(): Promise<T>;
  clone(): FetchResponse;
}

export interface TerminalOptions {
  /** Default 80. */
  cols?: number;
  /** Default 24. */
  rows?: number;
  env?: Record<string, string>;
}
export interface OpenTerminalOptions extends TerminalOptions {
  /** Default: a login shell. A string runs through `sh -c`. */
  command?: string | string[];
}
export interface TerminalOutput {
  /** Everything written, escape sequences included. */
  output: string;
  exitCode: number;
  durationMs: number;
}
export type TerminalResult = TerminalOutput & Unwrap<TerminalOutput>;

/** Names for `press`; `ctrl+` and `alt+` go before a character or a name, e.g. "ctrl+c", "alt+enter". */
export type KeyName =
  | "enter"
  | "tab"
  | "escape"
  | "space"
  | "backspace"
  | "delete"
  | "insert"
  | "up"
  | "down"
  | "left"
  | "right"
  | "home"
  | "end"
  | "pageup"
  | "pagedown"
  | `f${number}`
  | `ctrl+${string}`
  | `alt+${string}`
  | `shift+${string}`;

/** A live terminal in a service's container. Every step is recorded with the screen after it. */
export interface Terminal {
  /** Writes text as typed. */
  send(text: string): Promise<void>;
  /** Writes text and presses Enter. */
  sendLine(text: string): Promise<void>;
  press(key: KeyName): Promise<void>;
  /**
   * Waits until the rendered screen contains the text or matches.
   *
   * @param options.timeoutMs Default 10,000. On time-out the error shows the screen.
   * @returns The screen at that moment.
   */
  waitFor(wanted: string | RegExp, options?: { timeoutMs?: number }): Promise<string>;
  /** The rendered screen: rows joined by newlines, blanks at line ends and empty last lines removed. */
  screen(): string;
  resize(cols: number, rows: number): Promise<void>;
  /** Every byte so far as text, escape sequences included. */
  rawOutput(): string;
  /** Resolves with the exit code when the process ends. */
  readonly exited: Promise<number>;
  /** Ends the process. Done at the end of the test in any case. */
  close(): Promise<void>;
}

export interface PollOptions {
  /** Default 30,000. */
  timeoutMs?: number;
  /** From the end of one attempt to the start of the next. Default 1,000. */
  intervalMs?: number;
}

/** A service started while a test runs: the plain-data fields and a name. */
export interface RuntimeService extends ServiceFields {
  name: string;
}

/** What fakes, set-up and tests can all do: change names and services, in this fork only. */
export interface NameContext {
  /** Adds a name, or a pattern like `*.shop.test`, that leads to a service or to the ingress. */
  dnsName(hostname: string, target: { service: string } | { ingress: true }): Promise<void>;
  /** Resolves when the service passed its ready check. */
  startService(service: RuntimeService): Promise<{ name: string; ip: string }>;
  stopService(name: string): Promise<void>;
}

/** Given to the project's `setup`. */
export interface SetupContext<Svc, Fakes> extends NameContext {
  fetch(input: string | URL | Request, init?: RequestInit): Promise<FetchResponse>;
  /** A string runs through `sh -c` in the service's container. A non-zero exit is a result, not an error. */
  exec(service: string, command: string | string[], options?: ExecOptions): Promise<ExecResult>;
  readonly svc: Svc;
  readonly fakes: Fakes;
  readonly signal: AbortSignal;
}

/** Given to a test. Everything it does is recorded. */
export interface TestContext<Svc, Fakes, Parent> extends SetupContext<Svc, Fakes> {
  /** Runs a command under a terminal until it exits. */
  terminal(service: string, command: string | string[], options?: TerminalOptions): Promise<TerminalResult>;
  openTerminal(service: string, options?: OpenTerminalOptions): Promise<Terminal>;
  browser(options?: Record<string, unknown>): Promise<never>;
  /**
   * Repeats `fn` until it returns something truthy, and returns that. Each attempt is bounded by what is left
   * of the time. A throw ends it at once.
   */
  poll<T>(description: string, fn: () => T | Promise<T>, options?: PollOptions): Promise<NonNullable<T>>;
  /** Groups what `fn` does under a title. */
  step<T>(title: string, fn: () => T | Promise<T>): Promise<T>;
  /** What the parent test returned: the same JavaScript value, through the fork. */
  readonly parent: Parent;
  readonly testName: string;
}
