/** The screen of a recorded terminal session at an instant, by feeding its output to a terminal emulator. */
import xterm, { type IBufferCell, type Terminal } from "@xterm/headless";
import { sanitizeLine } from "../../src/events/index.ts";
import type { TerminalSession } from "../../src/protocol/index.ts";
import type { CastGrid } from "../view/cast.ts";
import { clip, type Row, type Span, type Style, widthOf } from "../view/row.ts";

export interface CastEmulator {
  /**
   * The screen after everything up to `positionSeconds` (undefined: everything). Parsing goes on in the background: what
   * comes back at once is the newest screen drawn of this session, and `onReady` is called when there is a newer one.
   */
  grid(session: TerminalSession, positionSeconds: number | undefined): CastGrid | undefined;
  dispose(): void;
}

interface Screen {
  sessionId: string;
  terminal: Terminal;
  written: number;
  grid?: CastGrid;
}

export function createCastEmulator(onReady: () => void): CastEmulator {
  let screen: Screen | undefined;
  const screenFor = (session: TerminalSession, wanted: number): Screen => {
    if (screen && screen.sessionId === session.id && screen.written <= wanted) return screen;
    // Output cannot be taken back: a seek to before starts over, and shows the old screen until it is there.
    const previous = screen?.sessionId === session.id ? screen.grid : undefined;
    screen?.terminal.dispose();
    screen = { sessionId: session.id, terminal: newTerminal(session), written: 0, ...(previous ? { grid: previous } : {}) };
    return screen;
  };
  return {
    grid(session, positionSeconds) {
      const at = positionSeconds ?? Number.POSITIVE_INFINITY;
      const index = session.frames.findIndex(([seconds]) => seconds > at);
      const wanted = index < 0 ? session.frames.length : index;
      const current = screenFor(session, wanted);
      if (wanted > current.written || !current.grid) {
        const data = session.frames.slice(current.written, wanted).map(([, text]) => text);
        current.written = wanted;
        current.terminal.write(data.join(""), () => {
          current.grid = readGrid(current.terminal);
          if (current === screen) onReady();
        });
      }
      return current.grid;
    },
    dispose() {
      screen?.terminal.dispose();
      screen = undefined;
    },
  };
}

function newTerminal({ cols, rows }: TerminalSession): Terminal {
  return new xterm.Terminal({ cols, rows, allowProposedApi: true, logLevel: "off", scrollback: 0 });
}

export function readGrid(terminal: Terminal): CastGrid {
  const { active } = terminal.buffer;
  const cell = active.getNullCell();
  const rows: Row[] = [];
  for (let y = 0; y < terminal.rows; y++) {
    const line = active.getLine(active.baseY + y);
    const spans: Span[] = [];
    for (let x = 0; x < terminal.cols; x++) {
      const found = line?.getCell(x, cell);
      if (found && found.getWidth() > 0) append(spans, textOfCell(found), styleOfCell(found));
    }
    rows.push(spans);
  }
  return { cols: terminal.cols, rows };
}

/** Exactly as wide as the emulator says, whatever the real terminal thinks of the character. */
function textOfCell(cell: IBufferCell): string {
  const chars = sanitizeLine(cell.getChars());
  const text = clip(chars === "" ? " " : chars, cell.getWidth());
  return text + " ".repeat(Math.max(0, cell.getWidth() - widthOf(text)));
}

function append(spans: Span[], text: string, style: Style): void {
  const last = spans.at(-1);
  if (last && sameStyle(last.style ?? {}, style)) spans[spans.length - 1] = { ...last, text: last.text + text };
  else spans.push({ text, style });
}

function sameStyle(a: Style, b: Style): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function styleOfCell(cell: IBufferCell): Style {
  const style: Style = {};
  if (cell.isFgPalette()) style.color = cell.getFgColor();
  else if (cell.isFgRGB()) style.color = hex(cell.getFgColor());
  if (cell.isBgPalette()) style.background = cell.getBgColor();
  else if (cell.isBgRGB()) style.background = hex(cell.getBgColor());
  if (cell.isBold()) style.bold = true;
  if (cell.isDim()) style.dim = true;
  if (cell.isItalic()) style.italic = true;
  if (cell.isUnderline()) style.underline = true;
  if (cell.isInverse()) style.inverse = true;
  return style;
}

function hex(color: number): string {
  return `#${color.toString(16).padStart(6, "0")}`;
}
