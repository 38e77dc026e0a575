/** Annotations for GitHub Actions: one workflow command per failed or flaky test. */
import { isAbsolute, relative, resolve } from "node:path";
import type { RunModel, TestModel } from "../events/index.ts";
import { fullName } from "./failure.ts";
import type { Reporter, ReporterOptions } from "./types.ts";

export function createGithubReporter({ data, workspaceDir }: ReporterOptions): Reporter {
  return {
    onEvent(event, model) {
      if (event.type !== "run-finished") return;
      for (const id of model.order) {
        const test = model.tests.get(id);
        if (test?.state === "failed" || test?.state === "flaky") data(annotation(model, test, workspaceDir));
      }
      if (event.error) data(`::error title=spectest::${escapeData(event.error.message)}\n`);
    },
  };
}

function annotation(model: RunModel, test: TestModel, workspaceDir: string | undefined): string {
  const { at } = test.error ?? {};
  const file = filePath(at?.file ?? test.file, model.projectDir, workspaceDir);
  const parts = [`file=${escapeProperty(file)}`, `line=${at?.line ?? test.line}`];
  if (at?.column !== undefined) parts.push(`col=${at.column}`);
  parts.push(`title=${escapeProperty(fullName(model, test))}`);
  const text = [test.error?.message, test.error?.diff].filter((part) => part).join("\n\n");
  return `::${test.state === "failed" ? "error" : "warning"} ${parts.join(",")}::${escapeData(text === "" ? test.state : text)}\n`;
}

function filePath(file: string, projectDir: string | undefined, workspaceDir: string | undefined): string {
  if (workspaceDir === undefined || projectDir === undefined) return file;
  const path = relative(workspaceDir, resolve(projectDir, file));
  return path.startsWith("..") || isAbsolute(path) ? file : path;
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** Text in which the runner finds no command: for every other output inside GitHub Actions. */
export function withoutCommands(text: string): string {
  return text.replaceAll(/^(\s*):(?=:)/gm, "$1: ").replaceAll("##[", "## [");
}
