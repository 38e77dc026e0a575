/** The loop: events and keys change the state, the state is drawn, effects go out. */
import { emptyRun, type RunControls, type RunEvent, type RunModel } from "../src/events/index.ts";
import { App } from "./app.tsx";
import { createCastEmulator } from "./cast/emulator.ts";
import { type Instance, render } from "./ink.ts";
import { createKeyReader } from "./input/tokenize.ts";
import { initialState, selectedTest, type Size, tabOf, type UiState } from "./state.ts";
import { takeTerminal } from "./terminal/modes.ts";
import { type Effect, onKey, onTime } from "./update.ts";
import { createPainter } from "./view/paint.ts";
import { screenFrame } from "./view/screen.ts";

export interface TuiOptions {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  colorLevel: 0 | 1 | 2 | 3;
  env: Readonly<Record<string, string | undefined>>;
  /** Text of a source file of the project. */
  readSource: (file: string) => string | undefined;
  /** Fires when the run was asked to end, from wherever. */
  cancelled: AbortSignal;
  controls: RunControls;
  /** The view is gone and the terminal restored. Called at most once. */
  onFailure: (error: unknown) => void;
}

export interface Tui {
  onEvent: (event: RunEvent, model: RunModel) => void;
  /** Resolves when there is nothing more to look at: the person left, or the run passed and no key was pressed. */
  untilLeft(): Promise<void>;
  close(): Promise<void>;
  /** Gives the terminal back at once; for the moments before the process ends by force. */
  restore: () => void;
}

/** Events are drawn at most this often. */
const FRAME_MS = 66;
/** While something runs, its age is drawn anew this often. */
const TICK_MS = 250;

interface State {
  model: RunModel;
  /** Monotonic time at which the model's newest event came. */
  modelAtMs: number;
  ui: UiState;
  size: Size;
}

export function startTui(options: TuiOptions): Tui {
  const view = new View(options);
  view.open();
  return {
    onEvent: (_event, model) => view.show(model),
    untilLeft: () => view.left,
    close: () => view.close(),
    restore: () => view.restore(),
  };
}

class View {
  readonly #options: TuiOptions;
  readonly #painter;
  readonly #emulator;
  readonly #reader;
  readonly #modes;
  readonly left: Promise<void>;
  #leave: () => void = () => undefined;
  #state: State;
  #ink: Instance | undefined;
  #frameTimer: NodeJS.Timeout | undefined;
  #tickTimer: NodeJS.Timeout | undefined;
  #lastTickMs = performance.now();
  #isOpen = true;

  constructor(options: TuiOptions) {
    this.#options = options;
    this.#painter = createPainter(options.colorLevel);
    this.#emulator = createCastEmulator(() => this.#schedule());
    this.#reader = createKeyReader((key) => this.#guard(() => this.#onKey(key)));
    this.left = new Promise((resolve) => {
      this.#leave = resolve;
    });
    this.#state = { model: emptyRun, modelAtMs: performance.now(), ui: initialState, size: sizeOf(options.stdout) };
    this.#modes = takeTerminal(options.stdin, options.stdout);
  }

  open(): void {
    const { stdin, stdout, cancelled } = this.#options;
    this.#guard(() => {
      this.#ink = render(this.#element(), {
        stdout,
        stdin,
        alternateScreen: true,
        interactive: true,
        exitOnCtrlC: false,
        patchConsole: false,
      });
      this.#ink.waitUntilExit().catch((error: unknown) => this.#fail(error));
    });
    stdin.on("data", this.#onData);
    stdout.on("resize", this.#onResize);
    cancelled.addEventListener("abort", this.#onCancelled, { once: true });
    this.#tickTimer = setInterval(() => this.#guard(() => this.#tick()), TICK_MS);
  }

  show(model: RunModel): void {
    this.#state = { ...this.#state, model, modelAtMs: performance.now() };
    this.#schedule();
    if (model.finished && (model.finished.outcome === "cancelled" || (model.finished.outcome === "passed" && !this.#state.ui.touched)))
      this.#leave();
  }

  restore(): void {
    this.#modes.restore();
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#stop();
    const ink = this.#ink;
    ink?.unmount();
    await ink?.waitUntilExit().catch(() => undefined);
    this.#modes.release();
  }

  readonly #onData = (data: Uint8Array): void => this.#reader.push(data);

  readonly #onResize = (): void => {
    this.#state = { ...this.#state, size: sizeOf(this.#options.stdout) };
    this.#draw();
  };

  readonly #onCancelled = (): void => {
    this.#state = { ...this.#state, ui: { ...this.#state.ui, cancelling: true } };
    this.#schedule();
  };

  #onKey(key: string): void {
    const { ui, effects } = onKey(this.#state.ui, key, this.#state);
    this.#state = { ...this.#state, ui };
    for (const effect of effects) this.#run(effect);
    this.#draw();
  }

  #run(effect: Effect): void {
    if (effect === "cancel") this.#options.controls.cancel();
    else if (effect === "leave") this.#leave();
    else this.#ink?.clear();
  }

  #tick(): void {
    const nowMs = performance.now();
    const { model, ui } = this.#state;
    const before = ui.cast;
    this.#state = { ...this.#state, ui: onTime(ui, nowMs - this.#lastTickMs, { model }) };
    this.#lastTickMs = nowMs;
    if (!model.finished || before !== this.#state.ui.cast) this.#draw();
    this.#pace();
  }

  /** A recording that plays wants more frames than a clock. */
  #pace(): void {
    clearInterval(this.#tickTimer);
    const everyMs = this.#state.ui.cast.playing ? FRAME_MS : TICK_MS;
    this.#tickTimer = setInterval(() => this.#guard(() => this.#tick()), everyMs);
  }

  #schedule(): void {
    if (!this.#isOpen) return;
    this.#frameTimer ??= setTimeout(() => this.#draw(), FRAME_MS);
  }

  #draw(): void {
    clearTimeout(this.#frameTimer);
    this.#frameTimer = undefined;
    if (this.#isOpen) this.#guard(() => this.#ink?.rerender(this.#element()));
  }

  #element() {
    const { model, modelAtMs, ui, size } = this.#state;
    const nowMs = model.finished ? model.atMs : model.atMs + performance.now() - modelAtMs;
    const test = selectedTest(model, ui);
    const session = test && tabOf(test, ui) === 1 ? test.terminals[ui.cast.session] : undefined;
    const grid = session ? this.#emulator.grid(session, ui.cast.positionSeconds) : undefined;
    const frame = screenFrame({ model, ui, size, nowMs, grid, readSource: this.#options.readSource });
    this.#state = { ...this.#state, ui: { ...ui, scroll: frame.scroll, detailScroll: frame.detailScroll } };
    return <App lines={frame.rows.map(this.#painter)} columns={size.columns} />;
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (!this.#isOpen) return;
    this.#stop();
    try {
      this.#ink?.unmount();
    } catch {
      // What broke it may break its end too; the modes are given back below all the same.
    }
    this.#modes.restore();
    this.#leave();
    this.#options.onFailure(error);
  }

  #stop(): void {
    this.#isOpen = false;
    clearTimeout(this.#frameTimer);
    clearInterval(this.#tickTimer);
    this.#reader.close();
    this.#emulator.dispose();
    const { stdin, stdout, cancelled } = this.#options;
    stdin.off("data", this.#onData);
    stdout.off("resize", this.#onResize);
    cancelled.removeEventListener("abort", this.#onCancelled);
  }
}

function sizeOf(stdout: NodeJS.WriteStream): Size {
  return { columns: Math.max(1, stdout.columns || 80), rows: Math.max(1, stdout.rows || 24) };
}
