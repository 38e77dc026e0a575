import { SpectestError } from "../../src/errors/index.ts";
import type { ParsedEnvironment, TestCase } from "../../src/protocol/index.ts";
import type { NameContext } from "../../src/sdk/context.ts";
import type { ProjectDefinition, TestDefinition } from "../../src/sdk/definitions.ts";
import { createFakes, type Fakes } from "./fakes.ts";
import { type SourceRoots, sourceRoots } from "./failure.ts";
import { importProject, importTests } from "./load.ts";
import { buildCases, type LoadedTest } from "./test-cases.ts";
import { parseEnvironment } from "./validate-environment.ts";

/**
 * What loading a bundle for the first time defined. A module that is imported again is not run again, so this is
 * kept for as long as the process lives.
 */
export class LoadHistory {
  readonly #inline = new WeakMap<ProjectDefinition, readonly TestDefinition[]>();
  readonly #added = new Map<string, readonly TestDefinition[]>();

  /** Tests defined by the entry itself: there whatever test files are loaded. */
  inlineTests(definition: ProjectDefinition): readonly TestDefinition[] {
    const known = this.#inline.get(definition) ?? [...definition.tests];
    this.#inline.set(definition, known);
    return known;
  }

  /** Tests which these files define. */
  async addedBy(dir: string, entries: readonly string[], definition: ProjectDefinition): Promise<readonly TestDefinition[]> {
    const key = JSON.stringify([dir, ...entries]);
    const known = this.#added.get(key);
    if (known) return known;
    const before = definition.tests.length;
    await importTests(dir, entries);
    const added = definition.tests.slice(before);
    this.#added.set(key, added);
    return added;
  }
}

/** One loaded environment, its tests, and everything made once and kept: helpers, fakes' state, results of tests. */
export class LoadedProject {
  readonly environment: ParsedEnvironment;
  readonly fakes: Fakes;
  /** What tests returned, for their children: the values themselves. */
  readonly results = new Map<string, unknown>();
  roots: SourceRoots;
  readonly #definition: ProjectDefinition;
  readonly #environmentDir: string;
  readonly #history: LoadHistory;
  readonly #helpers = new Map<string, Promise<unknown>>();
  #tests = new Map<string, LoadedTest>();

  private constructor(definition: ProjectDefinition, dir: string, names: NameContext, history: LoadHistory) {
    this.#definition = definition;
    this.#environmentDir = dir;
    this.roots = sourceRoots([dir]);
    this.environment = parseEnvironment(definition);
    this.fakes = createFakes(definition.fakes, names);
    this.#history = history;
    this.#setTests(history.inlineTests(definition));
  }

  static async load(dir: string, entry: string, names: NameContext, history: LoadHistory): Promise<LoadedProject> {
    const project = new LoadedProject(await importProject(dir, entry), dir, names, history);
    await project.fakes.prepare();
    return project;
  }

  get setup(): ProjectDefinition["setup"] {
    return this.#definition.setup;
  }

  get cases(): TestCase[] {
    return [...this.#tests.values()].map((test) => test.case);
  }

  test(id: string): LoadedTest {
    const test = this.#tests.get(id);
    if (test) return test;
    throw new SpectestError("DAEMON_NOT_FOUND", { what: `no loaded test has the id ${JSON.stringify(id)}`, value: id });
  }

  async loadTests(dir: string, entries: readonly string[]): Promise<TestCase[]> {
    this.roots = sourceRoots([dir, this.#environmentDir]);
    const added = await this.#history.addedBy(dir, entries, this.#definition);
    this.#setTests([...this.#history.inlineTests(this.#definition), ...added]);
    return this.cases;
  }

  /** Built at the first call; a factory that failed is tried anew. */
  helpersOf(name: string): Promise<unknown> {
    const known = this.#helpers.get(name);
    if (known) return known;
    const service = this.#service(name);
    const made = Promise.resolve(service.helpers === undefined ? {} : service.helpers({ name }));
    this.#helpers.set(name, made);
    made.catch(() => this.#helpers.delete(name));
    return made;
  }

  async setUpService(name: string): Promise<void> {
    const service = this.#service(name);
    try {
      const helpers = await this.helpersOf(name);
      await service.setup?.({ name, helpers });
    } catch (cause) {
      throw new SpectestError("SETUP_FAILED", { what: `the set-up of service ${name} failed`, cause });
    }
  }

  /** `ctx.svc`: every service's helpers. */
  async svc(): Promise<Record<string, unknown>> {
    const names = Object.keys(this.#definition.services);
    const helpers = await Promise.all(names.map(async (name) => [name, await this.helpersOf(name)] as const));
    return Object.fromEntries(helpers);
  }

  #service(name: string) {
    const service = this.#definition.services[name];
    if (service) return service;
    throw new SpectestError("DAEMON_NOT_FOUND", { what: `the environment has no service ${JSON.stringify(name)}`, value: name });
  }

  #setTests(definitions: readonly TestDefinition[]): void {
    this.#tests = new Map(buildCases(definitions, this.roots).map((test) => [test.case.id, test]));
  }
}
