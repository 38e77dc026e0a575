/** Pure: the next state of the view and what is asked of the run, from a key. */
import type { RunModel, TestModel } from "../src/events/index.ts";
import { type Action, actionOf } from "./keymap.ts";
import { initialCast, layoutOf, selectedTest, showsTests, type Size, type Tab, tabOf, type UiState, visibleTests } from "./state.ts";

export type Effect = "cancel" | "leave" | "redraw";

export interface Surroundings {
  model: RunModel;
  size: Size;
}

export interface Update {
  ui: UiState;
  effects: readonly Effect[];
}

export function onKey(ui: UiState, key: string, around: Surroundings): Update {
  if (ui.focus === "filter" && key !== "ctrl-c") return { ui: typed(ui, key), effects: [] };
  const action = actionOf(key, ui.focus);
  if (action === undefined) return { ui, effects: [] };
  const touched = { ...ui, touched: true };
  const asked = ending(touched, action, around);
  if (asked) return asked;
  if (action === "redraw") return { ui: touched, effects: ["redraw"] };
  return { ui: change(touched, action, around), effects: [] };
}

/** Keys that end something. A run that goes on is cancelled; one that is over is left. */
function ending(ui: UiState, action: Action, { model }: Surroundings): Update | undefined {
  if (action !== "quit" && action !== "cancel") return undefined;
  const isOver = model.finished !== undefined || (model.command === "up" && model.environment !== undefined && action === "quit");
  if (isOver) return { ui, effects: ["leave"] };
  // Only Ctrl-C may force: a second q is impatience, not a decision.
  if (action === "quit" && ui.cancelling) return { ui, effects: [] };
  return { ui: { ...ui, cancelling: true }, effects: ["cancel"] };
}

function typed(ui: UiState, key: string): UiState {
  const touched = { ...ui, touched: true };
  if (key === "escape") return { ...touched, focus: "list", filter: "" };
  if (key === "enter") return { ...touched, focus: "list" };
  if (key === "backspace") return { ...touched, filter: Array.from(ui.filter).slice(0, -1).join("") };
  const char = key === "space" ? " " : key;
  return Array.from(char).length === 1 ? { ...touched, filter: ui.filter + char } : touched;
}

function change(ui: UiState, action: Action, around: Surroundings): UiState {
  switch (action) {
    case "help":
      return ui.focus === "help"
        ? { ...ui, focus: ui.before, scroll: 0 }
        : { ...ui, before: ui.focus === "detail" ? "detail" : "list", focus: "help", scroll: 0 };
    case "back":
      return back(ui);
    case "filter":
      return { ...ui, focus: "filter" };
    case "open":
      return open(ui, around);
    case "failures":
      return { ...ui, failuresOnly: !ui.failuresOnly };
    case "next-match":
      return jump(ui, around, 1);
    case "previous-match":
      return jump(ui, around, -1);
    case "next-tab":
      return turnTab(ui, around, 1);
    case "previous-tab":
      return turnTab(ui, around, -1);
    case "tab-1":
    case "tab-2":
    case "tab-3":
    case "tab-4":
    case "tab-5":
      return { ...ui, tab: Number(action.slice(4)) as Tab, detailScroll: 0 };
    case "play":
    case "frame-back":
    case "frame-forward":
    case "slower":
    case "faster":
    case "next-session":
      return changeCast(ui, action, around);
    default:
      return move(ui, action, around);
  }
}

function back(ui: UiState): UiState {
  if (ui.focus === "help") return { ...ui, focus: ui.before, scroll: 0 };
  if (ui.focus === "detail") return { ...ui, focus: "list" };
  if (ui.filter !== "") return { ...ui, filter: "" };
  return { ...ui, failuresOnly: false };
}

function open(ui: UiState, { model }: Surroundings): UiState {
  const test = selectedTest(model, ui);
  return test ? { ...ui, selected: test.id, focus: "detail", detailScroll: 0 } : ui;
}

function turnTab(ui: UiState, { model }: Surroundings, by: 1 | -1): UiState {
  const tab = tabOf(selectedTest(model, ui), ui);
  return { ...ui, tab: (((((tab - 1 + by) % 5) + 5) % 5) + 1) as Tab, detailScroll: 0 };
}

/** To the next or previous failure, round the end. */
function jump(ui: UiState, { model }: Surroundings, by: 1 | -1): UiState {
  const shown = visibleTests(model, ui);
  const from = shown.indexOf(selectedTest(model, ui)?.id ?? "");
  for (let step = 1; step <= shown.length; step++) {
    const id = shown[(((from + by * step) % shown.length) + shown.length) % shown.length];
    if (id !== undefined && model.tests.get(id)?.state === "failed") return select(ui, id);
  }
  return ui;
}

function select(ui: UiState, id: string): UiState {
  return ui.selected === id ? ui : { ...ui, selected: id, detailScroll: 0, cast: initialCast };
}

function move(ui: UiState, action: Action, { model, size }: Surroundings): UiState {
  const page = Math.max(1, layoutOf(size).bodyRows - 1);
  const far = Number.MAX_SAFE_INTEGER;
  const steps: Partial<Record<Action, number>> = { up: -1, down: 1, "page-up": -page, "page-down": page, first: -far, last: far };
  const by = steps[action] ?? 0;
  // Ends are clamped by the view, which knows how long its content is; here only the beginning is known.
  const scrolled = (from: number): number => Math.min(far / 2, Math.max(0, from + by));
  if (ui.focus === "help" || !showsTests(model)) return { ...ui, scroll: scrolled(ui.scroll) };
  if (ui.focus === "detail") return { ...ui, detailScroll: scrolled(ui.detailScroll) };
  const shown = visibleTests(model, ui);
  const from = shown.indexOf(selectedTest(model, ui)?.id ?? "");
  const id = shown[Math.min(shown.length - 1, Math.max(0, from + by))];
  return id === undefined ? ui : select(ui, id);
}

const speeds = [0.5, 1, 2, 4, 8];

type CastAction = Extract<Action, "play" | "frame-back" | "frame-forward" | "slower" | "faster" | "next-session">;

function changeCast(ui: UiState, action: CastAction, { model }: Surroundings): UiState {
  const test = selectedTest(model, ui);
  const session = test?.terminals[ui.cast.session];
  if (!test || !session) return ui;
  const { cast } = ui;
  const pinned: UiState = { ...ui, tab: 1, selected: test.id };
  const at = cast.positionSeconds ?? lengthOf(test, cast.session);
  switch (action) {
    case "play":
      return {
        ...pinned,
        cast: {
          ...cast,
          playing: !cast.playing,
          positionSeconds: cast.playing || at < lengthOf(test, cast.session) ? Math.min(at, lengthOf(test, cast.session)) : 0,
        },
      };
    case "frame-back":
      return {
        ...pinned,
        cast: { ...cast, playing: false, positionSeconds: session.frames.findLast(([seconds]) => seconds < at)?.[0] ?? 0 },
      };
    case "frame-forward": {
      const next = session.frames.find(([seconds]) => seconds > at)?.[0];
      return { ...pinned, cast: { ...cast, playing: false, positionSeconds: next ?? lengthOf(test, cast.session) } };
    }
    case "slower":
    case "faster": {
      const index = speeds.indexOf(cast.speed) + (action === "faster" ? 1 : -1);
      return { ...pinned, cast: { ...cast, speed: speeds[Math.min(speeds.length - 1, Math.max(0, index))] ?? 1 } };
    }
    case "next-session":
      return { ...pinned, cast: { ...initialCast, session: (cast.session + 1) % test.terminals.length } };
  }
}

/** Seconds from a session's start to its last output. */
export function lengthOf(test: TestModel, session: number): number {
  return test.terminals[session]?.frames.at(-1)?.[0] ?? 0;
}

/** Waits between frames are shown for at most this long. */
const IDLE_LIMIT_SECONDS = 2;

/** The view after some time: a recording that plays goes on. */
export function onTime(ui: UiState, elapsedMs: number, { model }: Pick<Surroundings, "model">): UiState {
  const { cast } = ui;
  const test = selectedTest(model, ui);
  if (!cast.playing || !test) return ui;
  const length = lengthOf(test, cast.session);
  const from = cast.positionSeconds ?? length;
  let to = from + (elapsedMs / 1000) * cast.speed;
  const next = test.terminals[cast.session]?.frames.find(([seconds]) => seconds > from)?.[0];
  if (next !== undefined && next - to > IDLE_LIMIT_SECONDS) to = next - IDLE_LIMIT_SECONDS;
  const ended = to >= length && test.state !== "running";
  return { ...ui, cast: { ...cast, playing: !ended, positionSeconds: Math.min(to, length) } };
}
