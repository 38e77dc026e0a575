import { join } from "node:path";
import { z } from "zod";
import { projectPaths, readTextIfExists, writeFileAtomic } from "../platform/index.ts";

const schema = z.strictObject({ version: z.literal(1), durationsMs: z.record(z.string(), z.number().nonnegative()) });

function path(projectDir: string): string {
  return join(projectPaths(projectDir).state, "durations.json");
}

/** Recorded durations of a project's tests, by id. A missing or damaged file is no durations: they only order the queue. */
export async function readDurations(projectDir: string): Promise<Map<string, number>> {
  const text = await readTextIfExists(path(projectDir));
  if (text === undefined) return new Map();
  try {
    return new Map(Object.entries(schema.parse(JSON.parse(text)).durationsMs));
  } catch {
    return new Map();
  }
}

/** Merges new durations into the recorded ones. */
export async function writeDurations(projectDir: string, durationsMs: ReadonlyMap<string, number>): Promise<void> {
  if (durationsMs.size === 0) return;
  const merged = new Map([...(await readDurations(projectDir)), ...durationsMs]);
  await writeFileAtomic(path(projectDir), `${JSON.stringify({ version: 1, durationsMs: Object.fromEntries(merged) })}\n`, { mode: 0o644 });
}
