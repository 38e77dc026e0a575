/**
 * What completions offer without evaluating the project or asking a machine: lists of words, one a line, left behind by
 * commands that knew them. Losing one costs a completion, so errors are swallowed here.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunModel } from "../events/index.ts";
import { projectPaths } from "../platform/paths.ts";

export type WordList = "test" | "service" | "run" | "snapshot" | "image" | "vm";

export function wordsDir(stateDir: string): string {
  return join(stateDir, "words");
}

export function writeWords(stateDir: string, list: WordList, words: readonly string[]): void {
  try {
    mkdirSync(wordsDir(stateDir), { recursive: true });
    const lines = [...new Set(words)].filter((word) => !word.includes("\n"));
    writeFileSync(join(wordsDir(stateDir), list), lines.map((word) => `${word}\n`).join(""));
  } catch {
    // Completions go without.
  }
}

/** Remembers a run's tests and services for this project. A partial run must not forget the other tests, so only whole lists replace. */
export function rememberWords(model: RunModel): void {
  if (model.projectDir === undefined) return;
  const { state } = projectPaths(model.projectDir);
  const tests = [...model.tests.values()];
  if (tests.length > 0)
    writeWords(
      state,
      "test",
      tests.map((test) => test.name),
    );
  if (model.services.length > 0)
    writeWords(
      state,
      "service",
      model.services.map((service) => service.name),
    );
}
