/** Which face shows a run. Pure: everything it depends on is handed in. */

export type Face = "tui" | "plain" | "json" | "quiet";
export type FaceChoice = Face | "auto";

export interface FaceFacts {
  choice: FaceChoice;
  stdinIsTerminal: boolean;
  stdoutIsTerminal: boolean;
  columns: number | undefined;
  rows: number | undefined;
  /** A reporter writes to stdout, which a full screen would hide. */
  stdoutTaken: boolean;
  env: Readonly<Record<string, string | undefined>>;
}

export const minimumScreen = { columns: 40, rows: 8 } as const;

/** Variables that coding agents set for the programs they start: they read lines, not screens. */
const agentVariables = ["AI_AGENT", "AGENT", "CLAUDECODE", "CURSOR_AGENT", "CODEX_SANDBOX", "GEMINI_CLI", "OPENCODE", "AUGMENT_AGENT"];
const ciVariables = ["CI", "CONTINUOUS_INTEGRATION", "BUILD_NUMBER", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD"];

function isOn(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0" && value.toLowerCase() !== "false";
}

/** A full screen only where a person looks at a terminal that can show one; else plain lines. A named face is obeyed where it can be. */
export function chooseFace(facts: FaceFacts): Face {
  if (facts.choice !== "auto" && facts.choice !== "tui") return facts.choice;
  if (!canShowScreen(facts)) return "plain";
  if (facts.choice === "tui") return "tui";
  const isMachine = [...agentVariables, ...ciVariables].some((name) => isOn(facts.env[name]));
  const tooSmall = (facts.columns ?? 0) < minimumScreen.columns || (facts.rows ?? 0) < minimumScreen.rows;
  return isMachine || tooSmall || facts.stdoutTaken ? "plain" : "tui";
}

function canShowScreen({ stdinIsTerminal, stdoutIsTerminal, env }: FaceFacts): boolean {
  return stdinIsTerminal && stdoutIsTerminal && env.TERM !== "dumb";
}
