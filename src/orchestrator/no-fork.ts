/** The control experiment of --no-fork: every leaf gets a freshly booted machine, and its ancestors run again in it. */
import type { VmEngine } from "../../qemu/index.ts";
import { stopwatch } from "../platform/index.ts";
import type { Project, ProjectBundle } from "../project/index.ts";
import type { TestCase } from "../protocol/index.ts";
import { type AttemptResult, runAttempt } from "./attempt.ts";
import { deployDaemon } from "./daemon-files.ts";
import { bringUpIn } from "./environment.ts";
import { emitUndone } from "./executor.ts";
import { type BaseLayer, bootFresh } from "./layers.ts";
import { adoptMachine, type Machine } from "./machine.ts";
import type { RunContext } from "./run-context.ts";
import type { Schedule } from "./schedule.ts";
import { loadTestsIn } from "./tests-layer.ts";

interface Inputs {
  run: RunContext;
  engine: VmEngine;
  base: BaseLayer;
  project: Project;
  bundle: ProjectBundle;
  tests: readonly TestCase[];
  schedule: Schedule;
}

/** The first run of a test gives its verdict; a failed ancestor ends its leaf's chain. */
export async function runWithoutForks(inputs: Inputs): Promise<void> {
  const { run, tests, schedule } = inputs;
  const parents = new Set(tests.map((test) => test.parent));
  for (const leaf of tests.filter((test) => !parents.has(test.id))) {
    if (schedule.statusOf(leaf.id) !== undefined) continue;
    const machine = await freshMachine(inputs);
    try {
      for (const test of chainTo(leaf, tests)) {
        if (!(await runOne(inputs, machine, test))) break;
      }
    } finally {
      await machine.discard();
    }
    run.throwIfCancelled();
  }
}

async function freshMachine({ run, engine, base, project, bundle }: Inputs): Promise<Machine> {
  const took = stopwatch();
  const vm = await bootFresh(run, engine, base.image);
  const machine = await adoptMachine(run, vm, {
    daemonDigest: base.daemon.digest,
    took,
    prepare: () => deployDaemon(vm.agent, base.daemon),
  });
  try {
    await bringUpIn({ run, engine, base, project, bundle, fresh: true }, machine);
    await loadTestsIn(machine, bundle);
    return machine;
  } catch (error) {
    await machine.discard();
    throw error;
  }
}

function chainTo(leaf: TestCase, tests: readonly TestCase[]): TestCase[] {
  const byId = new Map(tests.map((test) => [test.id, test]));
  const chain: TestCase[] = [];
  for (let test: TestCase | undefined = leaf; test; test = test.parent === undefined ? undefined : byId.get(test.parent))
    chain.unshift(test);
  return chain;
}

/** Whether the chain may go on. */
async function runOne({ run, schedule }: Inputs, machine: Machine, test: TestCase): Promise<boolean> {
  const known = schedule.statusOf(test.id);
  if (known === undefined) schedule.start(test.id);
  else if (known !== "passed") return false;
  const result = await runAttempt(run, machine, test, 1, "fresh");
  if (known === undefined) report(run, schedule, test, machine, result);
  return result.status === "passed";
}

function report(run: RunContext, schedule: Schedule, test: TestCase, machine: Machine, result: AttemptResult): void {
  const [, ...blocked] = schedule.finish(test.id, result.status);
  run.emit({ type: "test-finished", id: test.id, attempts: 1, forkMs: machine.forkMs, ...result });
  emitUndone(run, blocked);
}
