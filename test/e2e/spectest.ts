/** The command line from outside: a process, its output and its exit code. */
import { spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";

const repository = resolve(import.meta.dirname, "../..");

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `bin/spectest` in `cwd` to its end. */
export async function spectest(cwd: string, ...words: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [join(repository, "bin/spectest"), ...words], {
    cwd,
    env: { ...process.env, NO_COLOR: "1", CI: "true" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const read = async (stream: AsyncIterable<Buffer>) => {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };
  const exit = new Promise<number | null>((settle, reject) => child.once("error", reject).once("close", settle));
  const [exitCode, stdout, stderr] = await Promise.all([exit, read(child.stdout), read(child.stderr)]);
  return { exitCode, stdout, stderr };
}

/** A copy of a project of the repository, without what earlier runs left there; removed when disposed of. */
export async function copyOf(project: string): Promise<AsyncDisposable & { dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), "spectest-e2e-"));
  await cp(join(repository, project), dir, { recursive: true, filter: (path) => basename(path) !== ".spectest" });
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

/** What `test --reporter json` prints, as far as these tests look at it. */
export interface Report {
  schemaVersion: number;
  run: { bringUp?: { kind: "cold" | "warm"; durationMs: number }; forks: { count: number; p50Ms: number } };
  totals: { passed: number; failed: number; flaky: number; skipped: number; blocked: number; cached: number };
  tests: { name: string; status: string; parent?: string; id: string; error?: { message: string } }[];
}

/** Runs a project's tests and reads the report; what went to stderr is the reason when there is none. */
export async function testReport(cwd: string, ...words: string[]): Promise<Report & Ended> {
  const ended = await spectest(cwd, "test", "--reporter", "json", ...words);
  try {
    const report: Report = JSON.parse(ended.stdout);
    return { ...report, ...ended };
  } catch (error) {
    throw new Error(`no report (exit code ${ended.exitCode}):\n${ended.stdout.slice(0, 2_000)}\n${ended.stderr.slice(-4_000)}`, {
      cause: error,
    });
  }
}

export function byStatus(report: Report, status: string): string[] {
  return report.tests.filter((test) => test.status === status).map((test) => test.name);
}
