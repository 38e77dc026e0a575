/** What the functions an author calls leave behind: plain records, read by the loader in the guest. */
import type { CallSite } from "./call-site.ts";
import type { SetupContext, TestContext } from "./context.ts";
import type { AnyFake } from "./fakes.ts";
import type { ServiceDefinition } from "./services.ts";

export type TestMode = "run" | "only" | "skip" | "todo" | "fails";

export interface TestDefinition {
  /** Given by the author; absent means: file and full name. */
  readonly givenId: string | undefined;
  readonly name: string;
  readonly at: CallSite | undefined;
  readonly handle: object;
  readonly parent: object | undefined;
  readonly after: readonly object[];
  readonly timeoutMs: number | undefined;
  readonly tags: readonly string[];
  readonly retries: number;
  readonly mode: TestMode;
  readonly body: ((ctx: TestContext<unknown, unknown, unknown>) => unknown) | undefined;
}

export interface ProjectDefinition {
  readonly at: CallSite | undefined;
  readonly environmentAt: CallSite | undefined;
  readonly services: Readonly<Record<string, ServiceDefinition>>;
  readonly fakes: Readonly<Record<string, AnyFake>>;
  readonly setup: ((ctx: SetupContext<unknown, unknown>) => unknown) | undefined;
  /** Grows while test files load. */
  readonly tests: readonly TestDefinition[];
}

/** Key under which a Project carries its definition. Registered, so that a second copy of the library is recognised. */
export const PROJECT_DEFINITION = Symbol.for("spectest.project");

/** What `env.project(...)` returns and an entry file must export as default. */
export interface Project {
  readonly [PROJECT_DEFINITION]: ProjectDefinition;
}

export function projectDefinitionOf(value: unknown): ProjectDefinition | undefined {
  if (typeof value !== "object" || value === null || !(PROJECT_DEFINITION in value)) return undefined;
  return (value as Project)[PROJECT_DEFINITION];
}
