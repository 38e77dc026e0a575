import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { SpectestError } from "../../src/errors/index.ts";
import { type ProjectDefinition, projectDefinitionOf } from "../../src/sdk/definitions.ts";
import { ProjectError, shown } from "../../src/sdk/project-error.ts";

/**
 * Imports the entry of an environment's bundle and takes its Project.
 *
 * @throws SpectestError PROJECT_INVALID when the default export is something else, saying what was found.
 */
export async function importProject(dir: string, entry: string): Promise<ProjectDefinition> {
  const exported = await importModule(dir, entry);
  const definition = projectDefinitionOf(exported["default"]);
  if (!definition) throw wrongExport(entry, exported);
  return definition;
}

export async function importTests(dir: string, entries: readonly string[]): Promise<void> {
  // One after another, in the given order: tests are collected as their files run.
  for (const entry of entries) await importModule(dir, entry);
}

async function importModule(dir: string, entry: string): Promise<Record<string, unknown>> {
  try {
    const module: Record<string, unknown> = await import(pathToFileURL(join(dir, entry)).href);
    return module;
  } catch (cause) {
    if (cause instanceof ProjectError) throw cause;
    throw new SpectestError("PROJECT_INVALID", { what: `${sourceName(entry)} threw while it was loaded`, cause });
  }
}

/** The author's name for an output file. Other endings than .ts are rare and only cosmetic here. */
function sourceName(entry: string): string {
  return entry.replace(/\.mjs$/, ".ts");
}

function wrongExport(entry: string, exported: Record<string, unknown>): SpectestError {
  const found = "default" in exported ? `its default export is ${describe(exported["default"])}` : noDefault(exported);
  return new SpectestError("PROJECT_INVALID", {
    what: `${sourceName(entry)} must default-export a project: ${found}`,
    hint: "export default env.project(), where env = defineEnvironment({ … })",
  });
}

function noDefault(exported: Record<string, unknown>): string {
  const names = Object.keys(exported);
  return names.length === 0 ? "it exports nothing" : `it has no default export, only ${names.join(", ")}`;
}

function describe(value: unknown): string {
  const isEnvironment = typeof value === "object" && value !== null && "test" in value && "project" in value;
  return isEnvironment ? "the environment itself; call .project() on it" : shown(value);
}
