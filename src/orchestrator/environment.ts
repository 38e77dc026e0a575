/** The environment layer: services ready, project set-up done, captured once per key. */
import { join } from "node:path";
import { z } from "zod";
import type { SnapshotInfo, VmEngine } from "../../qemu/index.ts";
import { SpectestError } from "../errors/index.ts";
import { hashOf, readTextIfExists, stopwatch, writeFileAtomic } from "../platform/index.ts";
import { packWorkspace, type Project, type ProjectBundle, workspaceExcludes } from "../project/index.ts";
import type { ParsedEnvironment, ServiceTiming } from "../protocol/index.ts";
import { layerKeys } from "./keys.ts";
import { type BaseLayer, findValid } from "./layers.ts";
import { closeGuest, forkMachine, type Machine } from "./machine.ts";
import type { RunContext } from "./run-context.ts";
import { tarOf } from "./tar.ts";
import { fromWireError } from "./wire-error.ts";

export interface EnvironmentLayer {
  key: string;
  snapshot: SnapshotInfo;
  kind: "cold" | "warm";
  durationMs: number;
  /** Per service, of a cold bring-up. */
  timings: ServiceTiming[];
}

export interface EnvironmentInputs {
  run: RunContext;
  engine: VmEngine;
  base: BaseLayer;
  project: Project;
  bundle: ProjectBundle;
  fresh: boolean;
}

/** What the host must know of an environment to compute its key without asking a machine. Written when it was first parsed. */
const factsSchema = z.strictObject({ version: z.literal(1), usesWorkspace: z.boolean(), excludes: z.array(z.string()) });
type Facts = z.infer<typeof factsSchema>;

/** Finds the captured environment of this project, or brings it up and captures it. */
export async function ensureEnvironment(inputs: EnvironmentInputs): Promise<EnvironmentLayer> {
  const took = stopwatch();
  const built = (await takeBuilt(inputs)) ?? (await build(inputs));
  return { ...built, durationMs: took() };
}

/** Without facts the project has to be loaded in a machine first; the key follows from what it declares. */
function build(inputs: EnvironmentInputs): Promise<Built> {
  const { run, engine, base, bundle } = inputs;
  const lock = hashOf("environment", base.key, bundle.env.hash).slice(0, 32);
  return engine.withLock(`environment-${lock}`, async () => (await takeBuilt(inputs)) ?? bringUp(inputs), {
    signal: run.signal,
    onWait: (holder) => run.waiting("services", `process ${holder.pid} is bringing up this environment; waiting for it`),
  });
}

type Built = Omit<EnvironmentLayer, "durationMs">;

/** What another process built while this one waited for the lock. */
async function takeBuilt(inputs: EnvironmentInputs): Promise<Built | undefined> {
  const known = inputs.fresh ? undefined : await readFacts(inputs);
  if (!known) return undefined;
  const key = await environmentKey(inputs, known);
  const snapshot = await findValid(inputs.run, inputs.engine, key);
  if (!snapshot) return undefined;
  inputs.run.reused("services", snapshot.id);
  return { key, snapshot, kind: "warm", timings: [] };
}

async function bringUp(inputs: EnvironmentInputs): Promise<Built> {
  const { run, engine, base } = inputs;
  const machine = await forkMachine(run, engine, base.snapshot.id, {
    name: "environment",
    memory: "template",
    daemonDigest: base.daemon.digest,
  });
  try {
    const { key, timings } = await bringUpIn(inputs, machine);
    return { key, snapshot: await captureEnvironment(run, machine, key), kind: "cold", timings };
  } finally {
    await machine.discard();
  }
}

/** Loads the project in a machine and brings its services up there. Also the way of --no-fork, which captures nothing. */
export async function bringUpIn(inputs: EnvironmentInputs, machine: Machine): Promise<{ key: string; timings: ServiceTiming[] }> {
  const parsed = await load(inputs, machine);
  const facts = await writeFacts(inputs, parsed);
  if (facts.usesWorkspace) await uploadWorkspace(inputs, machine, facts);
  const timings = await bootstrap(inputs.run, machine);
  return { key: await environmentKey(inputs, facts), timings };
}

async function load({ run, bundle }: EnvironmentInputs, machine: Machine): Promise<ParsedEnvironment> {
  return run.phase("upload", async (progress) => {
    progress(`${bundle.env.files.size} files of the environment`);
    await machine.guest.uploadBundle({ hash: bundle.env.hash }, tarOf(bundle.env.files));
    return machine.guest.loadEnvironment({ hash: bundle.env.hash, entry: bundle.env.entry });
  });
}

async function uploadWorkspace({ run, project }: EnvironmentInputs, machine: Machine, facts: Facts): Promise<void> {
  await run.phase("upload", async (progress) => {
    progress("the workspace, as build context");
    const workspace = await packWorkspace(project, { excludes: facts.excludes, signal: run.signal });
    for (const link of workspace.skippedLinks)
      run.emit({ type: "notice", level: "warning", message: `left out of the build context: ${link} points outside it` });
    await machine.guest.uploadWorkspace({}, workspace.tar(run.signal), { signal: run.signal });
  });
}

/** Passes every line on, and turns the failing end into the error that names the cause. */
async function bootstrap(run: RunContext, machine: Machine): Promise<ServiceTiming[]> {
  return run.phase("services", async () => {
    for await (const line of machine.guest.bootstrap({}, { signal: run.signal })) {
      run.emit({ type: "bring-up", line });
      if (line.type === "done") return line.timings;
      if (line.type === "failed") throw fromWireError(line.error, "SERVICE_FAILED");
    }
    throw new SpectestError("CHANNEL", { what: "the daemon ended the bring-up without a verdict" });
  });
}

async function captureEnvironment(run: RunContext, machine: Machine, key: string): Promise<SnapshotInfo> {
  return run.phase("capture", async () => {
    await closeGuest(machine.guest);
    const { snapshot } = await machine.vm.capture({ key, name: "environment", labels: { layer: "environment" }, then: "stop" });
    return snapshot;
  });
}

async function environmentKey({ base, project, bundle }: EnvironmentInputs, facts: Facts): Promise<string> {
  const workspace = facts.usesWorkspace ? (await packWorkspace(project, { excludes: facts.excludes })).hash : "none";
  return layerKeys.environment(base.key, bundle.env.hash, workspace);
}

function factsPath({ engine, base, bundle }: EnvironmentInputs): string {
  return join(engine.home, "environments", `${hashOf("facts", base.key, bundle.env.hash)}.json`);
}

async function readFacts(inputs: EnvironmentInputs): Promise<Facts | undefined> {
  const text = await readTextIfExists(factsPath(inputs));
  if (text === undefined) return undefined;
  try {
    return factsSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function writeFacts(inputs: EnvironmentInputs, parsed: ParsedEnvironment): Promise<Facts> {
  const excludes = workspaceExcludes(parsed);
  const facts: Facts = { version: 1, usesWorkspace: excludes !== undefined, excludes: excludes ?? [] };
  await writeFileAtomic(factsPath(inputs), JSON.stringify(facts));
  return facts;
}
