/** What the person did to the view; what the run did is in the run's model. */
import type { RunModel, TestModel } from "../src/events/index.ts";
import type { Focus } from "./keymap.ts";

export type Tab = 1 | 2 | 3 | 4 | 5;

export interface Size {
  columns: number;
  rows: number;
}

export interface CastState {
  playing: boolean;
  /** Seconds into the session; undefined follows its end. */
  positionSeconds?: number;
  speed: number;
  /** Which of the test's sessions. */
  session: number;
}

export interface UiState {
  focus: Focus;
  /** Where help returns to. */
  before: "list" | "detail";
  /** Id of the selected test; undefined follows the run. */
  selected?: string;
  failuresOnly: boolean;
  filter: string;
  /** undefined: what fits the test best. */
  tab?: Tab;
  /** First line shown of the detail. */
  detailScroll: number;
  /** Lines scrolled off in the bring-up and in the help. */
  scroll: number;
  cast: CastState;
  /** A key was pressed: nothing closes by itself any more. */
  touched: boolean;
  /** Asked to end while a run went on. */
  cancelling: boolean;
}

export const initialCast: CastState = { playing: false, speed: 1, session: 0 };

export const initialState: UiState = {
  focus: "list",
  before: "list",
  failuresOnly: false,
  filter: "",
  detailScroll: 0,
  scroll: 0,
  cast: initialCast,
  touched: false,
  cancelling: false,
};

/** Ids the list shows, in order. */
export function visibleTests(model: RunModel, ui: UiState): readonly string[] {
  if (!ui.failuresOnly && ui.filter === "") return model.order;
  const wanted = ui.filter.toLowerCase();
  return model.order.filter((id) => {
    const test = model.tests.get(id);
    return test !== undefined && (!ui.failuresOnly || isBad(test)) && test.name.toLowerCase().includes(wanted);
  });
}

export function isBad({ state }: TestModel): boolean {
  return state === "failed" || state === "flaky" || state === "blocked";
}

/** The test the view is about: the chosen one, else the one that runs, else the first failure. */
export function selectedTest(model: RunModel, ui: UiState): TestModel | undefined {
  const shown = visibleTests(model, ui);
  const chosen = ui.selected !== undefined && shown.includes(ui.selected) ? ui.selected : undefined;
  const id = chosen ?? followed(model, shown) ?? shown[0];
  return id === undefined ? undefined : model.tests.get(id);
}

function followed(model: RunModel, shown: readonly string[]): string | undefined {
  const inState = (state: TestModel["state"]): string | undefined => shown.find((id) => model.tests.get(id)?.state === state);
  if (model.finished) return inState("failed");
  return inState("running") ?? shown.findLast((id) => !["queued", "blocked"].includes(model.tests.get(id)?.state ?? "queued"));
}

export function tabOf(test: TestModel | undefined, ui: UiState): Tab {
  return ui.tab ?? (test?.error && test.state !== "running" ? 3 : 2);
}

/** Whether the tests are on the screen, or what comes before them. */
export function showsTests(model: RunModel): boolean {
  return model.order.length > 0;
}

export interface Layout {
  kind: "wide" | "toggle" | "compact" | "line";
  /** Columns of the list, and of the detail where both are shown. */
  listColumns: number;
  detailColumns: number;
  /** Rows between header and footer. */
  bodyRows: number;
}

/** How a screen is divided. Pure, and total down to one cell. */
export function layoutOf({ columns, rows }: Size): Layout {
  const bodyRows = Math.max(0, rows - 2);
  if (columns < 40 || rows < 8) return { kind: "line", listColumns: columns, detailColumns: columns, bodyRows: 0 };
  if (columns < 60 || rows < 16) return { kind: "compact", listColumns: columns, detailColumns: columns, bodyRows };
  if (columns < 100) return { kind: "toggle", listColumns: columns, detailColumns: columns, bodyRows };
  const listColumns = Math.floor(columns * 0.38);
  return { kind: "wide", listColumns, detailColumns: columns - listColumns - 1, bodyRows };
}
