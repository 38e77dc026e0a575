import { SpectestError } from "../../errors/index.ts";
import type { Handler } from "../context.ts";

export const run: Handler = async (input, context) => {
  const shell = input.requiredArg("shell");
  const { completionScript } = await import("../../../completions/index.ts");
  const script = completionScript(shell);
  if (script === undefined) throw new SpectestError("USAGE", { what: `there are no completions for ${shell}`, value: shell });
  context.io.out(script);
  return 0;
};
