import { describe, expect, it } from "vitest";
import { emptyRun, foldRun, type RunModel } from "../../../src/events/index.ts";
import { createCastEmulator } from "../../../tui/cast/emulator.ts";
import { tokenize } from "../../../tui/input/tokenize.ts";
import { bindings } from "../../../tui/keymap.ts";
import { initialState, layoutOf, selectedTest, type UiState } from "../../../tui/state.ts";
import { onKey, onTime } from "../../../tui/update.ts";
import { clip, fit, row, rowWidth, span, textOf, widthOf, wrapText } from "../../../tui/view/row.ts";
import { screenFrame } from "../../../tui/view/screen.ts";
import { windowAround } from "../../../tui/view/tree.ts";
import { failedBringUp, wholeRun } from "../../fixtures/run-events.ts";

const whole = wholeRun.reduce(foldRun, emptyRun);
const size = { columns: 80, rows: 24 };

function press(keys: readonly string[], model: RunModel = whole, ui: UiState = initialState) {
  const effects: string[] = [];
  for (const key of keys) {
    const next = onKey(ui, key, { model, size });
    ui = next.ui;
    effects.push(...next.effects);
  }
  return { ui, effects };
}

describe("tokenize", () => {
  it.each<[string, string, string[]]>([
    ["repeats are single keys", "jjj", ["j", "j", "j"]],
    ["arrows in both forms", "\u001b[A\u001bOB", ["up", "down"]],
    ["modifiers do not matter", "\u001b[1;5C", ["right"]],
    ["numbered keys", "\u001b[5~\u001b[6~\u001b[1~\u001b[4~", ["page-up", "page-down", "home", "end"]],
    ["mouse reports of both kinds", "\u001b[<35;1;2M\u001b[M !!x", ["x"]],
    ["a paste", "a\u001b[200~qqq\u001b[A\u001b[201~b", ["a", "b"]],
    ["focus reports and answers", "\u001b[I\u001b[O\u001b]11;rgb:0/0/0\u0007\u001b[?1;2c", []],
    ["alt with a key is neither", "\u001bx", []],
    ["control keys", "\u0003\u000c\r\t\u007f", ["ctrl-c", "ctrl-l", "enter", "tab", "backspace"]],
    ["two escapes", "\u001b\u001b[A", ["escape", "up"]],
    ["other alphabets", "é日", ["é", "日"]],
  ])("%s", (_name, text, keys) => {
    expect(tokenize(text, false)).toEqual({ keys, rest: "" });
  });

  it("waits for the rest of a sequence, wherever it was cut", () => {
    const text = "\u001b[1;5C";
    for (let cut = 1; cut < text.length; cut++) {
      const first = tokenize(text.slice(0, cut), false);
      expect(first).toEqual({ keys: [], rest: text.slice(0, cut) });
      expect(tokenize(first.rest + text.slice(cut), false).keys).toEqual(["right"]);
    }
    expect(tokenize("\u001b", true)).toEqual({ keys: ["escape"], rest: "" });
  });
});

describe("keys", () => {
  it("are bound once per focus", () => {
    for (const focus of ["list", "detail", "help", "filter"] as const) {
      const keys = bindings.filter((binding) => binding.focus.includes(focus)).flatMap((binding) => binding.keys);
      expect(
        keys.filter((key, index) => keys.indexOf(key) !== index),
        focus,
      ).toEqual([]);
    }
  });

  it("move through the tree and stop at its ends", () => {
    const at = (keys: readonly string[]): string | undefined => selectedTest(whole, press(keys).ui)?.id;
    expect(at([])).toBe("pay");
    expect(at(["g"])).toBe("sign up");
    expect(at(["g", "k"])).toBe("sign up");
    expect(at(["g", "j", "j"])).toBe("refund");
    expect(at(["G", "j"])).toBe("health");
    expect(at(["g", "n"])).toBe("pay");
  });

  it("leave a filter before anything else", () => {
    const filtered = press(["/", "o", "u", "t", "enter"]).ui;
    expect(filtered).toMatchObject({ filter: "out", focus: "list" });
    expect(press(["escape"], whole, filtered).ui.filter).toBe("");
    expect(press(["/", "a", "b", "backspace", "space"]).ui.filter).toBe("a ");
    expect(press(["/", "q"]).effects).toEqual([]);
    expect(press(["/", "ctrl-c"]).effects).toEqual(["leave"]);
  });

  it("cancel a run that goes on; only Ctrl-C may do so twice; a run that is over is left", () => {
    const running = wholeRun.slice(0, 20).reduce(foldRun, emptyRun);
    expect(press(["q", "q"], running).effects).toEqual(["cancel"]);
    expect(press(["ctrl-c", "ctrl-c"], running).effects).toEqual(["cancel", "cancel"]);
    expect(press(["q"]).effects).toEqual(["leave"]);
    expect(press(["ctrl-c"]).effects).toEqual(["leave"]);
  });

  it("turn tabs round", () => {
    expect(press(["2", "shift-tab", "shift-tab"]).ui.tab).toBe(5);
    expect(press(["5", "tab"]).ui.tab).toBe(1);
  });
});

describe("a recording", () => {
  it("plays to its end, waits shortened, and stops there", () => {
    let { ui } = press(["g", "j", "1", "space"]);
    expect(ui.cast).toMatchObject({ playing: true, positionSeconds: 0 });
    ui = onTime(ui, 200, { model: whole });
    expect(ui.cast.positionSeconds).toBeCloseTo(0.2);
    ui = onTime(ui, 400, { model: whole });
    expect(ui.cast).toMatchObject({ playing: false, positionSeconds: 0.5 });
  });

  it("steps by frames and changes its speed within limits", () => {
    expect(press(["g", "j", ","]).ui.cast.positionSeconds).toBe(0.01);
    expect(press(["g", "j", ",", "."]).ui.cast.positionSeconds).toBe(0.5);
    expect(press(["g", "j", ">", ">", ">", ">", ">"]).ui.cast.speed).toBe(8);
    expect(press(["g", "j", "<", "<", "<"]).ui.cast.speed).toBe(0.5);
  });

  it("is drawn as wide as its emulator, and without what a terminal could obey", async () => {
    const frames: [number, string][] = [
      [0, "a\u202eb\u001b[31mred\u001b[0m 日本\r\n"],
      [1, "later"],
    ];
    const session = { id: "s", title: "t", cols: 20, rows: 3, frames };
    const draw = (at: number): Promise<string[]> =>
      new Promise((resolve) => {
        const emulator = createCastEmulator(() => resolve((emulator.grid(session, at)?.rows ?? []).map(textOf)));
        emulator.grid(session, at);
      });
    const early = await draw(0.5);
    expect(early.map(widthOf)).toEqual([20, 20, 20]);
    expect(early[0]).toMatch(/^abred 日本 +$/);
    expect((await draw(2))[1]).toMatch(/^later/);
  });
});

describe("rows", () => {
  it("fit exactly, whatever is in them", () => {
    const wide = row("日本語のテスト", span(" and more", { bold: true }));
    for (let columns = 0; columns < 40; columns++) expect(rowWidth(fit(wide, columns)), String(columns)).toBe(columns);
    expect(clip("日本", 3)).toBe("日");
    expect(wrapText("one two three", 8)).toEqual(["one two", "three"]);
    expect(wrapText("日本語日本語", 4).every((line) => widthOf(line) <= 4)).toBe(true);
  });

  it("are windowed around the selected one", () => {
    expect(windowAround(0, 100, 10)).toEqual({ start: 0, end: 10 });
    expect(windowAround(99, 100, 10)).toEqual({ start: 90, end: 100 });
    expect(windowAround(3, 5, 10)).toEqual({ start: 0, end: 5 });
  });
});

describe("a frame", () => {
  const inputs = { nowMs: 5000, readSource: () => undefined, grid: undefined };

  it("has exactly the size of the screen, at every size, in every state", () => {
    const states: UiState[] = [
      initialState,
      ...["detail", "help", "filter"].map((focus) => ({ ...initialState, focus: focus as UiState["focus"] })),
    ];
    for (const tab of [1, 2, 3, 4, 5] as const) states.push({ ...initialState, focus: "detail", tab, detailScroll: 99, selected: "pay" });
    for (const model of [emptyRun, whole, failedBringUp.reduce(foldRun, emptyRun)]) {
      for (const ui of states) {
        for (const [columns, rows] of [
          [1, 1],
          [10, 3],
          [39, 7],
          [40, 8],
          [59, 15],
          [60, 16],
          [80, 24],
          [99, 30],
          [100, 30],
          [200, 60],
        ] as const) {
          const frame = screenFrame({ ...inputs, model, ui, size: { columns, rows } });
          expect(frame.rows).toHaveLength(rows);
          for (const line of frame.rows) expect(rowWidth(line), `${columns}×${rows} ${ui.focus}: ${textOf(line)}`).toBe(columns);
        }
      }
    }
  });

  it("is laid out by size", () => {
    expect(
      [
        [120, 40],
        [100, 16],
        [99, 24],
        [60, 16],
        [59, 24],
        [80, 15],
        [40, 8],
        [39, 24],
        [80, 7],
      ].map(([columns = 0, rows = 0]) => layoutOf({ columns, rows }).kind),
    ).toEqual(["wide", "wide", "toggle", "toggle", "compact", "compact", "compact", "line", "line"]);
  });

  it("drops what is settled before what needs somebody", () => {
    const model = failedBringUp.reduce(foldRun, emptyRun);
    const frame = screenFrame({ ...inputs, model, ui: initialState, size: { columns: 80, rows: 10 } });
    const text = frame.rows.map(textOf).join("\n");
    expect(text).toContain("✗ api");
    expect(text).toMatch(/… \d lines done/);
  });
});
