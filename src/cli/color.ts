/** Whether and how to colour. Order: flag, FORCE_COLOR, NO_COLOR (non-empty), TERM=dumb, terminal. */

/** None, 16 colours, 256, 16 million; the levels of chalk. */
export type ColorLevel = 0 | 1 | 2 | 3;

export interface ColorFacts {
  /** --color or --no-color. */
  flag: boolean | undefined;
  isTerminal: boolean;
  env: Readonly<Record<string, string | undefined>>;
}

export function colorLevel({ flag, isTerminal, env }: ColorFacts): ColorLevel {
  if (flag !== undefined) return flag ? depthOf(env) : 0;
  const forced = forcedLevel(env);
  if (forced !== undefined) return forced;
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== "") return 0;
  if (env.TERM === "dumb" || !isTerminal) return 0;
  return depthOf(env);
}

function forcedLevel(env: ColorFacts["env"]): ColorLevel | undefined {
  switch (env.FORCE_COLOR) {
    case undefined:
      return undefined;
    case "0":
    case "false":
      return 0;
    case "2":
      return 2;
    case "3":
      return 3;
    default:
      return 1;
  }
}

function depthOf(env: ColorFacts["env"]): ColorLevel {
  if (env.COLORTERM === "truecolor" || env.COLORTERM === "24bit") return 3;
  return env.TERM?.includes("256") ? 2 : 1;
}
