import { SpectestError } from "../../src/errors/index.ts";
import type { ParsedEnvironment, TestCase } from "../../src/protocol/index.ts";
import type { NameContext } from "../../src/sdk/context.ts";
import type { ProjectDefinition, TestDefinition } from "../../src/sdk/definitions.ts";
import { createFakes, type Fakes } from "./fakes.ts";
import { type SourceRoots, sourceRoots } from "./failure.ts";
import { importProject, importTests } from "./load.ts";
import { buildCases, type LoadedTest } from "./test-cases.ts";
import { parseEnvironment } from "./validate-environment.ts";

/** One loaded environment, its tests, and everything made once and kept: helpers, fakes' state, results of tests. */
export class LoadedProject {
  readonly environment: ParsedEnvironment;
  readonly fakes: Fakes;
  /** What tests returned, for their children: the values themselves. */
  readonly results = new Map<string, unknown>();
  roots: SourceRoots;
  readonly #definition: ProjectDefinition;
  readonly #environmentDir: string;
  /** Defined by the entry itself: there whatever test files are loaded. */
  readonly #inlineTests: readonly TestDefinition[];
  /** A file imported again is not run again, so what it defined is remembered. */
  readonly #loadedBefore = new Map<string, readonly TestDefinition[]>();
  readonly #helpers = new Map<string, Promise<unknown>>();
  #tests = new Map<string, LoadedTest>();

  private constructor(definition: ProjectDefinition, dir: string, names: NameContext) {
    this.#definition = definition;
    this.#environmentDir = dir;
    this.roots = sourceRoots([dir]);
    this.environment = parseEnvironment(definition);
    this.fakes = createFakes(definition.fakes, names);
    this.#inlineTests = [...definition.tests];
    this.#setTests(this.#inlineTests);
  }

  static async load(dir: string, entry: string, names: NameContext): Promise<LoadedProject> {
    const project = new LoadedProject(await importProject(dir, entry), dir, names);
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
    const key = JSON.stringify([dir, ...entries]);
    let added = this.#loadedBefore.get(key);
    if (!added) {
      const before = this.#definition.tests.length;
      await importTests(dir, entries);
      added = this.#definition.tests.slice(before);
      this.#loadedBefore.set(key, added);
    }
    this.#setTests([...this.#inlineTests, ...added]);
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
      throw new SpectestError("SETUP_FAILED", { what: `the set-up of service ${name} failed: ${String(cause)}`, cause });
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
