import { Chalk } from "chalk";
import { sanitizeLine } from "../../events/sanitize.ts";
import type { CommandContext, Handler, Orchestrator } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";

type Report = Awaited<ReturnType<Orchestrator["doctor"]>>;

export const run: Handler = async (_input, context) => {
  const { doctor } = await context.orchestrator();
  const report = await doctor({ home: context.home });
  const failed = failedChecks(report);
  if (context.json) context.io.json({ schemaVersion: 1, ok: failed.length === 0, checks: report.checks });
  else printChecks(context, report, (line) => context.io.out(`${line}\n`));
  return failed.length === 0 ? exitCodes.passed : exitCodes.hostOrInternal;
};

export function failedChecks(report: Report): Report["checks"] {
  return report.checks.filter((check) => !check.ok);
}

export function printChecks(context: CommandContext, report: Report, print: (line: string) => void): void {
  const paint = new Chalk({ level: context.colors.out });
  const width = Math.max(0, ...report.checks.map((check) => check.name.length));
  for (const { name, ok, detail, fix } of report.checks) {
    print(`${ok ? paint.green("✓") : paint.red("✗")} ${name.padEnd(width)}  ${sanitizeLine(detail)}`);
    if (!ok && fix !== undefined) print(`  ${" ".repeat(width)}  ${paint.cyan("fix:")} ${sanitizeLine(fix)}`);
  }
}
