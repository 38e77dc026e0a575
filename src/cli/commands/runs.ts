import { emptyRun, foldRun, type RunModel, totalsOf } from "../../events/index.ts";
import { formatMs } from "../../reporters/index.ts";
import type { Handler } from "../context.ts";
import { readRun, runIds, runsDir } from "./past.ts";
import { columns } from "./table-text.ts";

export const run: Handler = async (_input, context) => {
  const dir = runsDir(context.cwd);
  const rows = [];
  for (const id of await runIds(dir)) {
    // One damaged journal must not hide the others.
    const model = await readRun(dir, id).then(
      ({ events }) => events.reduce(foldRun, emptyRun),
      () => undefined,
    );
    if (model) rows.push(summary(id, model));
  }
  if (context.json) context.io.json({ schemaVersion: 1, runs: rows });
  else {
    const cells = rows.map(({ id, startedAt, command, outcome, durationMs, totals }) => {
      const counts = Object.entries(totals).filter(([, count]) => count > 0);
      return [id, startedAt, command, outcome, formatMs(durationMs), counts.map(([name, count]) => `${count} ${name}`).join(", ")];
    });
    context.io.out(columns([["RUN", "STARTED", "COMMAND", "OUTCOME", "TIME", "TESTS"], ...cells]));
  }
  return 0;
};

function summary(id: string, model: RunModel) {
  const { startedAt, command, finished, atMs } = model;
  return {
    id,
    startedAt: startedAt ?? "",
    command: command ?? "",
    outcome: finished?.outcome ?? "unfinished",
    durationMs: finished?.durationMs ?? atMs,
    totals: finished?.totals ?? totalsOf(model),
  };
}
