/** A program in a real pseudo-terminal, and what its screen shows, cell by cell. */
import xterm, { type IBufferCell } from "@xterm/headless";
import { type IPty, spawn } from "node-pty";

export interface ScreenOptions {
  columns: number;
  rows: number;
  env?: Record<string, string>;
  cwd?: string;
}

export class PtyScreen {
  readonly #pty: IPty;
  readonly #terminal;
  readonly #listeners = new Set<() => void>();
  readonly exited: Promise<number>;
  /** Everything the program wrote. */
  raw = "";

  constructor(file: string, args: readonly string[], { columns, rows, env = {}, cwd }: ScreenOptions) {
    const base = { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "/", TERM: "xterm-256color", LANG: "C.UTF-8" };
    this.#terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, logLevel: "off", scrollback: 500 });
    this.#pty = spawn(file, [...args], { cols: columns, rows, env: { ...base, ...env }, ...(cwd === undefined ? {} : { cwd }) });
    this.#pty.onData((data) => {
      this.raw += data;
      this.#terminal.write(data, () => this.#notify());
    });
    this.exited = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode, signal }) => {
        // Output may still be on its way into the emulator.
        this.#terminal.write("", () => {
          resolve(signal ? 128 + signal : exitCode);
          this.#notify();
        });
      });
    });
  }

  get pid(): number {
    return this.#pty.pid;
  }

  type(keys: string): void {
    this.#pty.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  signal(name: string): void {
    this.#pty.kill(name);
  }

  get isAlternate(): boolean {
    return this.#terminal.buffer.active.type === "alternate";
  }

  get isCursorHidden(): boolean {
    const shown = this.raw.lastIndexOf("\u001b[?25h");
    return this.raw.lastIndexOf("\u001b[?25l") > shown;
  }

  /** The lines of the screen, without trailing spaces. */
  lines(): string[] {
    const { active } = this.#terminal.buffer;
    return Array.from(
      { length: this.#terminal.rows },
      (_, y) =>
        active
          .getLine(active.baseY + y)
          ?.translateToString(true)
          .trimEnd() ?? "",
    );
  }

  text(): string {
    return this.lines().join("\n");
  }

  /** The screen and what scrolled off it. */
  history(): string {
    const { active } = this.#terminal.buffer;
    return Array.from({ length: active.length }, (_, y) => active.getLine(y)?.translateToString(true) ?? "").join("\n");
  }

  cell(x: number, y: number): IBufferCell | undefined {
    const { active } = this.#terminal.buffer;
    return active.getLine(active.baseY + y)?.getCell(x);
  }

  /** Resolves as soon as the screen is as wanted; rejects with the screen as it is. */
  async waitFor(wanted: string | RegExp | ((screen: PtyScreen) => boolean), timeoutMs = 30_000): Promise<void> {
    const holds = (): boolean =>
      typeof wanted === "function" ? wanted(this) : typeof wanted === "string" ? this.text().includes(wanted) : wanted.test(this.text());
    if (holds()) return;
    await new Promise<void>((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        this.#listeners.delete(check);
        settle();
      };
      const check = (): void => {
        if (holds()) end(resolve);
      };
      const timer = setTimeout(() => end(() => reject(new Error(`the screen never showed ${String(wanted)}:\n${this.text()}`))), timeoutMs);
      this.#listeners.add(check);
    });
  }

  kill(): void {
    try {
      this.#pty.kill("SIGKILL");
    } catch {
      // Ended already.
    }
    this.#terminal.dispose();
  }

  #notify(): void {
    for (const listener of Array.from(this.#listeners)) listener();
  }
}
