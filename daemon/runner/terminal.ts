import { SpectestError } from "../../src/errors/index.ts";
import type { OpenTerminalOptions, Terminal, TerminalOptions, TerminalResult } from "../../src/sdk/context.ts";
import type { TerminalInput } from "../ipc/messages.ts";
import type { OpenEvent } from "../recorder/recorder.ts";
import { Screen } from "../recorder/screen.ts";
import { LIMITS } from "../recorder/text.ts";
import { keyBytes } from "./keys.ts";
import { orAbort, type Recording } from "./recording.ts";

const DEFAULTS = { cols: 80, rows: 24 };
const WAIT_TIMEOUT_MS = 10_000;

interface Session {
  readonly event: OpenEvent<"terminal">;
  readonly terminalId: string;
  readonly screen: Screen;
  /** Resolves when the process ended and its last output is on the screen. */
  readonly ended: Promise<{ exitCode: number; durationMs: number }>;
  push(input: TerminalInput): void;
  output(): string;
  /** Resolves when more output is on the screen, or the process ended. */
  change(): Promise<void>;
}

/** The two ways to a PTY. `closeAll` ends the terminals a test left open. */
export function recordTerminals(recording: Recording) {
  const open = new Set<Session>();

  const start = (service: string, command: string | string[] | undefined, options: TerminalOptions): Session => {
    const session = startSession(recording, service, command, options);
    open.add(session);
    void session.ended.catch(() => undefined).then(() => open.delete(session));
    return session;
  };

  const terminal = async (service: string, command: string | string[], options: TerminalOptions = {}): Promise<TerminalResult> => {
    const session = start(service, command, options);
    const { exitCode, durationMs } = await orAbort(session.ended, recording.signal);
    return recording.origins.track(session.event.seq, { output: session.output(), exitCode, durationMs });
  };

  // oxlint-disable-next-line typescript/require-await -- its callers await it, and an error of the arguments must reject
  const openTerminal = async (service: string, { command, ...options }: OpenTerminalOptions = {}): Promise<Terminal> =>
    liveTerminal(recording, start(service, command, options));

  return {
    terminal,
    openTerminal,
    closeAll: async (): Promise<void> => {
      for (const session of open) session.push({ type: "close" });
      await Promise.allSettled([...open].map(async (session) => await session.ended));
    },
  };
}

function startSession(
  { recorder, daemon, failure, signal }: Recording,
  service: string,
  command: string | string[] | undefined,
  options: TerminalOptions,
): Session {
  const { cols, rows, env } = { ...DEFAULTS, ...options };
  const shown = command === undefined ? "(login shell)" : typeof command === "string" ? command : command.join(" ");
  const cast = recorder.openTerminal(`${service}: ${shown}`, cols, rows);
  const event = recorder.begin<"terminal">({ kind: "terminal", service, command: shown, terminalId: cast.id });
  const screen = new Screen(cols, rows);
  const decoder = new TextDecoder();
  const parts: string[] = [];
  const waiting = new Set<() => void>();
  let push: (input: TerminalInput) => void = () => undefined;
  let castBytes = 0;
  let shownUpTo: Promise<void> = Promise.resolve();
  const wake = (): void => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  const onItem = ({ data, atMs }: { data: Uint8Array; atMs: number }): void => {
    const text = decoder.decode(data, { stream: true });
    parts.push(text);
    castBytes += data.byteLength;
    if (castBytes <= LIMITS.terminalBytes) cast.write(text, atMs / 1000);
    shownUpTo = screen.write(text).then(wake);
  };
  screen.onAnswer((answer) => push({ type: "input", data: Buffer.from(answer) }));
  const params = { service, cols, rows, ...(command === undefined ? {} : { command }), ...(env ? { env } : {}) };
  const input = (send: typeof push): void => {
    push = send;
  };
  const ended = daemon.call("terminal", params, { onItem, signal, input }).then(
    async (result) => {
      await shownUpTo;
      event.end({ exitCode: result.exitCode });
      wake();
      return result;
    },
    (error: unknown) => {
      event.end(undefined, failure(error));
      wake();
      throw error;
    },
  );
  ended.catch(() => undefined);
  return {
    event,
    terminalId: cast.id,
    screen,
    ended,
    push: (sent) => push(sent),
    output: () => parts.join(""),
    change: () => new Promise((resolve) => waiting.add(resolve)),
  };
}

function liveTerminal(recording: Recording, session: Session): Terminal {
  const { recorder, signal, failure, origins } = recording;
  const { event, terminalId, screen } = session;
  const state = { exitCode: undefined as number | undefined };
  const exited = session.ended.then(({ exitCode }) => (state.exitCode = exitCode));
  exited.catch(() => undefined);

  /** Records `work` as a step with the screen after it. */
  const step = async <T>(action: string, work: () => T | Promise<T>): Promise<T> => {
    const begun = event.within(() => recorder.begin<"terminal-step">({ kind: "terminal-step", terminalId, action, screen: screen.text() }));
    try {
      const result = await work();
      begun.end({ screen: screen.text() });
      return result;
    } catch (error) {
      begun.end({ screen: screen.text() }, failure(error));
      throw error;
    }
  };
  const type = (text: string): void => {
    if (state.exitCode !== undefined) throw new Error(`the terminal's process has ended with exit code ${state.exitCode}`);
    session.push({ type: "input", data: Buffer.from(text) });
  };
  const readScreen = (): string => {
    const text = screen.text();
    origins.remember(text, { seq: event.seq, path: "screen" });
    origins.read(text, { seq: event.seq, path: "screen" }, readScreen);
    return text;
  };

  return {
    send: async (text) => await step(`send ${JSON.stringify(text)}`, () => type(text)),
    sendLine: async (text) => await step(`type ${JSON.stringify(text)}`, () => type(`${text}\r`)),
    press: async (key) => await step(`press ${key}`, () => type(keyBytes(key, screen.applicationCursorKeys))),
    waitFor: async (wanted, { timeoutMs = WAIT_TIMEOUT_MS } = {}) =>
      await step(`wait for ${typeof wanted === "string" ? JSON.stringify(wanted) : String(wanted)}`, async () => {
        await waitForText(session, wanted, timeoutMs, signal, () => state.exitCode);
        return readScreen();
      }),
    screen: readScreen,
    resize: async (cols, rows) =>
      await step(`resize ${cols}×${rows}`, () => {
        screen.resize(cols, rows);
        session.push({ type: "resize", cols, rows });
      }),
    rawOutput: () => session.output(),
    exited,
    close: async () =>
      await step("close", async () => {
        session.push({ type: "close" });
        await orAbort(session.ended, signal);
      }),
  };
}

async function waitForText(
  session: Session,
  wanted: string | RegExp,
  timeoutMs: number,
  signal: AbortSignal,
  exitCode: () => number | undefined,
): Promise<void> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const bound = AbortSignal.any([signal, timeout]);
  for (;;) {
    const text = session.screen.text();
    const found = typeof wanted === "string" ? text.includes(wanted) : new RegExp(wanted, wanted.flags.replace(/[gy]/g, "")).test(text);
    if (found) return;
    const shown = `the screen shows:\n${text}`;
    const code = exitCode();
    if (code !== undefined) throw new Error(`waited for ${String(wanted)}, but the process ended with exit code ${code}; ${shown}`);
    await orAbort(session.change(), bound).catch((error: unknown) => {
      if (signal.aborted || !timeout.aborted) throw error;
      throw new SpectestError("TIMEOUT", { what: `${String(wanted)} did not appear within ${timeoutMs} ms; ${shown}` });
    });
  }
}
