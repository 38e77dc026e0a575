import xterm from "@xterm/headless";

/** A terminal emulator without a window: turns a PTY's output into the text a person would see. */
export class Screen {
  readonly #terminal: xterm.Terminal;

  constructor(cols: number, rows: number) {
    this.#terminal = new xterm.Terminal({ cols, rows, allowProposedApi: true, logLevel: "off", scrollback: 1_000 });
  }

  /** Resolves when the screen shows the data. */
  write(data: string): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(data, resolve));
  }

  /** Answers of the emulator to queries of the program, e.g. for the cursor's position. */
  onAnswer(listener: (data: string) => void): void {
    this.#terminal.onData(listener);
  }

  get applicationCursorKeys(): boolean {
    return this.#terminal.modes.applicationCursorKeysMode;
  }

  resize(cols: number, rows: number): void {
    this.#terminal.resize(cols, rows);
  }

  /** Rows joined by newlines; blanks at line ends and empty last lines removed. */
  text(): string {
    const { active } = this.#terminal.buffer;
    const rows: string[] = [];
    for (let row = 0; row < this.#terminal.rows; row++) rows.push(active.getLine(active.baseY + row)?.translateToString(true) ?? "");
    return rows.join("\n").trimEnd();
  }

  dispose(): void {
    this.#terminal.dispose();
  }
}
