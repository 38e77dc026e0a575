import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { zshScript } from "./zsh.ts";

export const shells = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** The completion script of a shell, or undefined for a shell there is none for. */
export function completionScript(shell: string): string | undefined {
  return Object.hasOwn(shells, shell) ? shells[shell as keyof typeof shells]() : undefined;
}
