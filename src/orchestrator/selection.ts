/** Which tests a command line selects. Pure. */
import { SpectestError } from "../errors/index.ts";
import type { TestCase } from "../protocol/index.ts";

export interface SelectionOptions {
  filters: readonly string[];
  grep?: string;
  tags: readonly string[];
  shard?: { index: number; count: number };
}

export interface Selection {
  /** What runs, ancestors included, in definition order. */
  tests: TestCase[];
  /** Those asked for, without the ancestors that only provide their state. */
  targets: Set<string>;
}

/**
 * Applies `.only`, file and name filters, --grep, --tag and --shard, then adds the ancestors each target needs.
 *
 * @throws USAGE for an invalid regular expression or shard, NOTHING_MATCHED when no test is left.
 */
export function selectTests(all: readonly TestCase[], options: SelectionOptions): Selection {
  const byId = new Map(all.map((test) => [test.id, test]));
  const matches = matcher(options);
  const only = all.some((test) => test.mode === "only");
  let targets = all.filter((test) => (!only || test.mode === "only") && matches(test));
  if (options.shard) targets = shardOf(targets, byId, options.shard);
  if (targets.length === 0) throw nothingMatched(all, options);
  const needed = new Set<string>();
  for (const target of targets) {
    for (
      let test: TestCase | undefined = target;
      test && !needed.has(test.id);
      test = test.parent === undefined ? undefined : byId.get(test.parent)
    ) {
      needed.add(test.id);
    }
  }
  return { tests: all.filter((test) => needed.has(test.id)), targets: new Set(targets.map((test) => test.id)) };
}

function matcher({ filters, grep, tags }: SelectionOptions): (test: TestCase) => boolean {
  const pattern = grep === undefined ? undefined : compile(grep);
  return (test) =>
    (filters.length === 0 || filters.some((filter) => matchesFilter(test, filter))) &&
    (pattern === undefined || pattern.test(test.name)) &&
    (tags.length === 0 || tags.some((tag) => test.tags.includes(tag)));
}

/** A filter is part of a file name, part of a test's name, or "file:line". */
function matchesFilter(test: TestCase, filter: string): boolean {
  const atLine = /^(.*):(\d+)$/.exec(filter);
  if (atLine?.[1] !== undefined && test.file.includes(atLine[1]) && test.line === Number(atLine[2])) return true;
  const wanted = filter.toLowerCase();
  return test.file.toLowerCase().includes(wanted) || test.name.toLowerCase().includes(wanted) || test.id === filter;
}

function compile(grep: string): RegExp {
  try {
    return new RegExp(grep, "i");
  } catch (error) {
    throw new SpectestError("USAGE", { what: `--grep is not a regular expression: ${grep}`, cause: error, value: grep });
  }
}

/** Whole trees stay together, so that no ancestor runs in two shards. */
function shardOf(targets: readonly TestCase[], byId: ReadonlyMap<string, TestCase>, shard: { index: number; count: number }): TestCase[] {
  const roots = [...new Set(targets.map((test) => rootOf(test, byId)))];
  const mine = new Set(roots.filter((_, index) => index % shard.count === shard.index - 1));
  return targets.filter((test) => mine.has(rootOf(test, byId)));
}

function rootOf(test: TestCase, byId: ReadonlyMap<string, TestCase>): string {
  let root = test;
  for (let parent = root.parent; parent !== undefined; parent = root.parent) {
    const found = byId.get(parent);
    if (!found) break;
    root = found;
  }
  return root.id;
}

function nothingMatched(all: readonly TestCase[], { filters, grep, tags, shard }: SelectionOptions): SpectestError {
  if (all.length === 0) {
    return new SpectestError("NOTHING_MATCHED", { what: "the project defines no tests", hint: "add a file below spectest/tests/" });
  }
  const asked = [
    ...filters,
    ...(grep === undefined ? [] : [`-g ${grep}`]),
    ...tags.map((tag) => `--tag ${tag}`),
    ...(shard ? [`--shard ${shard.index}/${shard.count}`] : []),
  ];
  return new SpectestError("NOTHING_MATCHED", {
    what: `no test matches ${asked.join(" ") || "the selection"} (${all.length} ${all.length === 1 ? "test is" : "tests are"} defined)`,
    hint: "spectest test --list",
  });
}
