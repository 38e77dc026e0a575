/** Test definitions as cases: ids, places, and a sound graph. */
import { validateGraph } from "../../src/graph/index.ts";
import type { TestCase } from "../../src/protocol/index.ts";
import { type CallSite, formatSite } from "../../src/sdk/call-site.ts";
import type { TestDefinition } from "../../src/sdk/definitions.ts";
import { ProjectError, shown } from "../../src/sdk/project-error.ts";
import type { SourceRoots } from "./failure.ts";
import { graphError } from "./validate-environment.ts";

export const DEFAULT_TIMEOUT_MS = 60_000;

export interface LoadedTest {
  readonly case: TestCase;
  readonly definition: TestDefinition;
}

/**
 * @throws ProjectError PROJECT_INVALID for a duplicate id, GRAPH_UNKNOWN for a parent of another environment or of a
 * file that was not loaded, GRAPH_CYCLE. Both places are named.
 */
export function buildCases(definitions: readonly TestDefinition[], roots: SourceRoots): LoadedTest[] {
  const ids = new Map<object, string>();
  const byId = new Map<string, TestDefinition>();
  for (const definition of definitions) {
    const id = definition.givenId ?? `${fileOf(definition.at, roots)} > ${definition.name}`;
    const other = byId.get(id);
    if (other) throw duplicate(id, other, definition);
    byId.set(id, definition);
    ids.set(definition.handle, id);
  }
  const idOf = (handle: object, from: TestDefinition): string => ids.get(handle) ?? refuseForeign(handle, from);
  const loaded = definitions.map((definition) => ({ definition, case: toCase(definition, roots, idOf) }));
  refuseUnsound(loaded);
  return loaded;
}

function toCase(definition: TestDefinition, roots: SourceRoots, idOf: (handle: object, from: TestDefinition) => string): TestCase {
  return {
    id: idOf(definition.handle, definition),
    name: definition.name,
    file: fileOf(definition.at, roots),
    line: definition.at?.line ?? 0,
    ...(definition.parent === undefined ? {} : { parent: idOf(definition.parent, definition) }),
    after: definition.after.map((handle) => idOf(handle, definition)),
    timeoutMs: definition.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    tags: [...definition.tags],
    retries: definition.retries,
    mode: definition.mode,
  };
}

function fileOf(at: CallSite | undefined, roots: SourceRoots): string {
  return at ? roots.relative(at.file) : "unknown";
}

function duplicate(id: string, first: TestDefinition, second: TestDefinition): ProjectError {
  return new ProjectError("PROJECT_INVALID", `two tests have the id ${shown(id)}: ${formatSite(first.at)} and ${formatSite(second.at)}`, {
    at: second.at,
    hint: "give one of them another name, or an `id` of its own",
  });
}

function refuseForeign(handle: object, from: TestDefinition): never {
  const name = "name" in handle && typeof handle.name === "string" ? handle.name : "?";
  throw new ProjectError("GRAPH_UNKNOWN", `test ${shown(from.name)} depends on ${shown(name)}, which is not a test of this project`, {
    at: from.at,
    hint: "both must come from the same env, and their files must lie below spectest/tests",
  });
}

function refuseUnsound(tests: readonly LoadedTest[]): void {
  const places = new Map(tests.map((test) => [test.case.id, test.definition.at]));
  const nodes = tests.map(({ case: { id, parent, after } }) => ({ id, dependsOn: parent === undefined ? after : [parent, ...after] }));
  const label = (id: string): string => `${shown(id)} at ${formatSite(places.get(id))}`;
  for (const problem of validateGraph(nodes)) throw graphError(problem, "test", undefined, label);
}
