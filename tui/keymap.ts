/** The one table of keys: input, the footer and the help derive from it. */

/** What has the person's attention. */
export type Focus = "list" | "detail" | "help" | "filter";

export type Action =
  | "up"
  | "down"
  | "first"
  | "last"
  | "page-up"
  | "page-down"
  | "open"
  | "back"
  | "failures"
  | "filter"
  | "next-match"
  | "previous-match"
  | "next-tab"
  | "previous-tab"
  | `tab-${1 | 2 | 3 | 4 | 5}`
  | "play"
  | "frame-back"
  | "frame-forward"
  | "slower"
  | "faster"
  | "next-session"
  | "help"
  | "redraw"
  | "quit"
  | "cancel";

export interface Binding {
  keys: readonly string[];
  action: Action;
  /** For the help. */
  description: string;
  /** For the footer, in as few letters as will do; absent: not shown there. */
  label?: string;
  /** Where it holds. */
  focus: readonly Focus[];
}

const anywhere = ["list", "detail", "help"] as const;
const content = ["list", "detail"] as const;

/** First match wins; the footer shows labels in this order. */
export const bindings: readonly Binding[] = [
  { keys: ["up", "k"], action: "up", description: "up", focus: anywhere },
  { keys: ["down", "j"], action: "down", description: "down", label: "↑↓ move", focus: content },
  { keys: ["enter", "right", "l"], action: "open", description: "open the test", label: "⏎ open", focus: ["list"] },
  {
    keys: ["escape", "left", "h", "backspace"],
    action: "back",
    description: "back; leaves a filter first",
    label: "esc back",
    focus: ["detail", "help"],
  },
  { keys: ["escape"], action: "back", description: "leave the filter", focus: ["list"] },
  { keys: ["tab"], action: "next-tab", description: "next tab of the detail", label: "⇥ tab", focus: content },
  { keys: ["shift-tab"], action: "previous-tab", description: "previous tab", focus: content },
  { keys: ["1"], action: "tab-1", description: "terminal", focus: content },
  { keys: ["2"], action: "tab-2", description: "events and assertions", focus: content },
  { keys: ["3"], action: "tab-3", description: "error", focus: content },
  { keys: ["4"], action: "tab-4", description: "service logs", focus: content },
  { keys: ["5"], action: "tab-5", description: "timeline", focus: content },
  { keys: ["f"], action: "failures", description: "failures only, and back to all", label: "f failures", focus: content },
  { keys: ["/"], action: "filter", description: "filter by name", label: "/ filter", focus: content },
  { keys: ["n"], action: "next-match", description: "next failure", focus: content },
  { keys: ["N"], action: "previous-match", description: "previous failure", focus: content },
  { keys: ["g", "home"], action: "first", description: "first", focus: anywhere },
  { keys: ["G", "end"], action: "last", description: "last", focus: anywhere },
  { keys: ["page-up", "ctrl-u"], action: "page-up", description: "a page up", focus: anywhere },
  { keys: ["page-down", "ctrl-d"], action: "page-down", description: "a page down", focus: anywhere },
  { keys: ["space"], action: "play", description: "play or pause the terminal recording", focus: content },
  { keys: [","], action: "frame-back", description: "a frame back", focus: content },
  { keys: ["."], action: "frame-forward", description: "a frame on", focus: content },
  { keys: ["<"], action: "slower", description: "half the speed", focus: content },
  { keys: [">"], action: "faster", description: "twice the speed", focus: content },
  { keys: ["t"], action: "next-session", description: "next terminal of the test", focus: content },
  { keys: ["?"], action: "help", description: "these keys", label: "? keys", focus: anywhere },
  { keys: ["ctrl-l"], action: "redraw", description: "draw the screen again", focus: anywhere },
  { keys: ["q"], action: "quit", description: "leave; ends a run that goes on", label: "q quit", focus: anywhere },
  { keys: ["ctrl-c"], action: "cancel", description: "end the run; twice: by force", focus: [...anywhere, "filter"] },
];

export function actionOf(key: string, focus: Focus): Action | undefined {
  return bindings.find((binding) => binding.keys.includes(key) && binding.focus.includes(focus))?.action;
}

const keySigns: Readonly<Record<string, string>> = {
  up: "↑",
  down: "↓",
  left: "←",
  right: "→",
  enter: "⏎",
  escape: "esc",
  tab: "⇥",
  "shift-tab": "⇤",
};

export function keySign(key: string): string {
  return keySigns[key] ?? key;
}
