/** Timed steps of a script, and programs that show their output. Plain Node: runs before anything is installed. */
import { spawn } from "node:child_process";

/** Collects how long each step took and whether it passed, for the table at the end. */
export class Steps {
  #done = [];
  #failed = 0;

  /** Runs one step; its error is printed and remembered, and the answer says whether it passed. */
  async run(name, work) {
    console.log(`\n── ${name}`);
    const startedMs = performance.now();
    let note = "";
    let passed = true;
    try {
      note = (await work()) ?? "";
    } catch (error) {
      passed = false;
      this.#failed += 1;
      console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#done.push({ name, passed, note, seconds: (performance.now() - startedMs) / 1000 });
    return passed;
  }

  get failed() {
    return this.#failed;
  }

  printTable() {
    const width = Math.max(...this.#done.map((step) => step.name.length));
    console.log("");
    for (const { name, passed, note, seconds } of this.#done) {
      console.log(`${passed ? "ok    " : "FAILED"} ${name.padEnd(width)} ${seconds.toFixed(1).padStart(7)} s  ${note}`.trimEnd());
    }
  }
}

/**
 * Runs a program with this process's input and output. Resolves when it exits with 0.
 *
 * @param options.limitMs Ended, with an error that says so, when it takes longer.
 */
export async function program(file, args, { cwd, env, limitMs } = {}) {
  const child = spawn(file, args, { cwd, env: { ...process.env, ...env }, stdio: "inherit" });
  const forward = (signal) => child.kill(signal);
  const signals = ["SIGINT", "SIGTERM"];
  for (const signal of signals) process.on(signal, forward);
  let outOfTime = false;
  const timer =
    limitMs &&
    setTimeout(() => {
      outOfTime = true;
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), 20_000).unref();
    }, limitMs);
  try {
    const { code, signal } = await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve({ code, signal }));
    });
    const shown = [file, ...args].join(" ");
    if (outOfTime) throw new Error(`${shown} took longer than ${limitMs / 60_000} minutes and was ended`);
    if (code !== 0) throw new Error(`${shown} ended with ${signal ?? code}`);
  } finally {
    clearTimeout(timer);
    for (const signal of signals) process.off(signal, forward);
  }
}
