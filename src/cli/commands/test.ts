import { SpectestError } from "../../errors/index.ts";
import type { RunEvent, RunFinished } from "../../events/index.ts";
import type { TestCase } from "../../protocol/index.ts";
import type { CommandContext, Handler, Orchestrator } from "../context.ts";
import type { Input } from "../input.ts";
import { parseReporters } from "../reporters.ts";
import { openSession } from "../session.ts";
import { suggest } from "../suggest.ts";
import { rememberWords } from "../words.ts";
import { conclude, sessionOptions } from "./run-options.ts";

type TestOptions = Parameters<Orchestrator["runTests"]>[0];

export const run: Handler = async (input, context) => {
  const list = input.flag("list");
  const reporters = list ? [] : parseReporters(input.list("reporter"), context.json);
  const options = testOptions(input, context);
  const session = await openSession(context, { reporters, stdoutTaken: list });
  const discovered: { tests: TestCase[]; selected: string[] } = { tests: [], selected: [] };
  const onEvent = (event: RunEvent): void => {
    if (event.type === "tests-discovered") Object.assign(discovered, { tests: event.tests, selected: event.selected });
    session.events.emit(event);
  };
  let finished: RunFinished;
  try {
    const { runTests } = await context.orchestrator();
    finished = await runTests({ ...options, onEvent });
    await session.untilLeft();
  } finally {
    await session.close();
  }
  if (list && finished.outcome === "passed")
    printList(
      context,
      session.model.order.flatMap((id) => session.model.tests.get(id) ?? []),
    );
  rememberWords(session.model);
  tellWhere(context, session.journalPath, finished);
  return conclude(context, finished, nameHint(finished, options.filters, discovered.tests));
};

function testOptions(input: Input, context: CommandContext): TestOptions {
  const given = {
    grep: input.text("grep"),
    workers: input.integer("workers"),
    retries: input.integer("retries"),
    repeat: input.integer("repeat"),
    bail: input.integer("bail"),
    shard: shardOf(input.text("shard")),
  };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as OnlySet<typeof given>;
  return {
    ...sessionOptions(input, context, () => undefined),
    ...set,
    filters: input.args("filter"),
    tags: input.list("tag"),
    listOnly: input.flag("list"),
    noCache: input.flag("no-cache"),
    noFork: input.flag("no-fork"),
  };
}

type OnlySet<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function shardOf(text: string | undefined): { index: number; count: number } | undefined {
  if (text === undefined) return undefined;
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (shard.index >= 1 && shard.index <= shard.count) return shard;
  throw new SpectestError("USAGE", {
    what: `--shard is I/N with 1 ≤ I ≤ N, not "${text}"`,
    value: text,
    hint: "spectest test --shard 1/3",
  });
}

interface ListedTest {
  id: string;
  name: string;
  file: string;
  line: number;
  parent?: string;
  tags: readonly string[];
  depth: number;
}

function printList({ io, json }: CommandContext, tests: readonly ListedTest[]): void {
  if (json) {
    const rows = tests.map(({ id, name, file, line, parent, tags }) => ({ id, name, file, line, parent: parent ?? null, tags }));
    io.json({ schemaVersion: 1, tests: rows });
    return;
  }
  for (const { name, file, line, tags, depth } of tests) {
    const tagged = tags.map((tag) => ` #${tag}`).join("");
    io.out(`${"  ".repeat(depth)}${name}${tagged}  ${file}:${line}\n`);
  }
}

function tellWhere({ io, ui, json }: CommandContext, journal: string | undefined, { outcome }: RunFinished): void {
  if (journal !== undefined && outcome === "failed" && ui !== "quiet" && !json) io.say(`journal: ${journal}`);
}

/** For filters that matched nothing: the nearest names of what there is. */
function nameHint({ error }: RunFinished, filters: readonly string[], tests: readonly TestCase[]): string | undefined {
  if (error?.code !== "NOTHING_MATCHED") return undefined;
  const words = tests.flatMap(({ name, file }) => [name, ...name.split(" > "), file.replace(/^.*\//, "").replace(/\.[^.]*$/, "")]);
  const near = filters.flatMap((filter) => suggest(filter, [...new Set(words)]));
  return near.length === 0 ? undefined : `did you mean ${near.map((name) => `"${name}"`).join(" or ")}?`;
}
