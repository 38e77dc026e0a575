/** The command line from outside: a process, its output and its exit code. */
import { spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";

const repository = resolve(import.meta.dirname, "../..");

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when its output so far matches; rejects when it ends without. */
  shows(pattern: RegExp): Promise<void>;
  readonly ended: Promise<Ended>;
}

/** Starts `bin/spectest` in `cwd`. */
export function start(cwd: string, ...words: string[]): Started {
  const child = spawn(process.execPath, [join(repository, "bin/spectest"), ...words], {
    cwd,
    env: { ...process.env, NO_COLOR: "1", CI: "true" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  const changed = new EventEmitter();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      changed.emit("output");
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject).once("close", (exitCode) => resolve({ exitCode, ...output }));
  });
  return {
    pid: child.pid ?? 0,
    kill: (signal) => child.kill(signal),
    ended,
    shows: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(output.stdout + output.stderr)) resolve();
        };
        changed.on("output", look);
        void ended.then(() => reject(new Error(`ended without ${pattern}:\n${output.stdout}${output.stderr}`)));
        look();
      }),
  };
}

/** Runs `bin/spectest` in `cwd` to its end. */
export function spectest(cwd: string, ...words: string[]): Promise<Ended> {
  return start(cwd, ...words).ended;
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
