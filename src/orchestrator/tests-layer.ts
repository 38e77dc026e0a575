/** The layer above an environment: the project's tests loaded, captured so that every root test forks from it. */
import { z } from "zod";
import type { SnapshotInfo, VmEngine } from "../../qemu/index.ts";
import type { ProjectBundle } from "../project/index.ts";
import { type TestCase, testCaseSchema } from "../protocol/index.ts";
import type { EnvironmentLayer } from "./environment.ts";
import { layerKeys } from "./keys.ts";
import { findValid } from "./layers.ts";
import { forkMachine, type Machine } from "./machine.ts";
import type { RunContext } from "./run-context.ts";
import { tarOf } from "./tar.ts";

export interface TestsLayer {
  snapshot: SnapshotInfo;
  tests: TestCase[];
  /** The machine in which they were just loaded, still running: the first test continues in it. */
  machine?: Machine;
}

interface Inputs {
  run: RunContext;
  engine: VmEngine;
  environment: EnvironmentLayer;
  bundle: ProjectBundle;
  daemonDigest: string;
}

const listSchema = z.array(testCaseSchema);

export async function ensureTestsLoaded(inputs: Inputs): Promise<TestsLayer> {
  const { run, engine, environment, bundle } = inputs;
  const key = layerKeys.tests(environment.snapshot.id, bundle.tests.hash);
  const found = await findValid(run, engine, key);
  const known = listSchema.safeParse(parseJson(found?.labels.tests));
  if (found && known.success) {
    run.reused("load-tests", `${known.data.length} tests`);
    return { snapshot: found, tests: known.data };
  }
  return run.phase("load-tests", async () => {
    const machine = await forkMachine(run, engine, environment.snapshot.id, { name: "tests", daemonDigest: inputs.daemonDigest });
    try {
      const tests = await loadTestsIn(machine, bundle);
      const { snapshot } = await machine.vm.capture({
        key,
        name: "tests",
        labels: { layer: "tests", tests: JSON.stringify(tests) },
        then: "continue",
      });
      return { snapshot, tests, machine };
    } catch (error) {
      await machine.discard();
      throw error;
    }
  });
}

/** Uploads and loads the tests' bundle in a machine whose environment is up. */
export async function loadTestsIn(machine: Machine, bundle: ProjectBundle): Promise<TestCase[]> {
  await machine.guest.uploadBundle({ hash: bundle.tests.hash }, tarOf(bundle.tests.files));
  const { tests } = await machine.guest.loadTests({ hash: bundle.tests.hash, entries: [...bundle.tests.entries] });
  return tests;
}

function parseJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
