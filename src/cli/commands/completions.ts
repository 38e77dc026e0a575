import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SpectestError } from "../../errors/index.ts";
import type { Handler } from "../context.ts";
import { packageDir } from "../package-dir.ts";

const files: Readonly<Record<string, string>> = { bash: "spectest.bash", zsh: "_spectest", fish: "spectest.fish" };

export const run: Handler = async (input, context) => {
  const shell = input.requiredArg("shell");
  const path = join(packageDir(), "completions", files[shell] ?? "");
  try {
    context.io.out(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new SpectestError("INTERNAL", { what: `the completion script for ${shell} is missing from this installation`, cause });
  }
  return 0;
};
