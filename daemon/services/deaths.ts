/** Who ended: lets a wait for a container end the moment the container does. */
export interface DeathWatch {
  note(id: string, exitCode: number): void;
  /** Resolves with the exit code, at once if the container ended before. */
  whenDead(id: string): { died: Promise<number>; forget(): void };
}

export function createDeathWatch(): DeathWatch {
  const dead = new Map<string, number>();
  const waiting = new Map<string, Set<(exitCode: number) => void>>();
  return {
    note: (id, exitCode) => {
      dead.set(id, exitCode);
      for (const tell of waiting.get(id) ?? []) tell(exitCode);
      waiting.delete(id);
    },
    whenDead: (id) => {
      let tell = (_exitCode: number): void => {};
      const died = new Promise<number>((resolve) => {
        tell = resolve;
      });
      const known = dead.get(id);
      if (known !== undefined) tell(known);
      else waiting.set(id, (waiting.get(id) ?? new Set()).add(tell));
      return { died, forget: () => void waiting.get(id)?.delete(tell) };
    },
  };
}
