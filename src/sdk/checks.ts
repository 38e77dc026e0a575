/** Shapes that can be judged where they are written. Deeper checks (ports, paths) are the loader's, by the wire's schemas. */
import type { CallSite } from "./call-site.ts";
import { formatSite } from "./call-site.ts";
import type { SetupContext } from "./context.ts";
import type { AnyFake } from "./fakes.ts";
import { ProjectError, shown } from "./project-error.ts";
import type { ServiceDefinition } from "./services.ts";

type Fields = Record<string, unknown>;

export function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refuse(what: string, at: CallSite | undefined, hint?: string): never {
  throw new ProjectError("PROJECT_INVALID", what, hint === undefined ? { at } : { at, hint });
}

export function checkKnown(value: Fields, known: readonly string[], where: string, at: CallSite | undefined): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) refuse(`${where} has an unknown field ${shown(key)}; known are ${known.join(", ")}`, at);
  }
}

function checkFunction(value: unknown, where: string, at: CallSite | undefined): void {
  if (value !== undefined && typeof value !== "function") refuse(`${where} must be a function, not ${shown(value)}`, at);
}

function checkRecord(value: unknown, where: string, at: CallSite | undefined): Fields {
  if (value === undefined) return {};
  if (!isRecord(value)) refuse(`${where} must be an object, not ${shown(value)}`, at);
  return value;
}

function isService(value: Fields): value is Fields & ServiceDefinition {
  return isRecord(value["image"]);
}

function checkService(name: string, value: unknown, at: CallSite | undefined): ServiceDefinition {
  const where = `services.${name}`;
  if (!isRecord(value)) refuse(`${where} must be an object with an image, not ${shown(value)}`, at);
  checkFunction(value["helpers"], `${where}.helpers`, at);
  checkFunction(value["setup"], `${where}.setup`, at);
  if (!isService(value)) {
    refuse(`${where}.image must come from registry() or dockerfile(), not be ${shown(value["image"])}`, at, `image: registry("…")`);
  }
  return value;
}

const FAKE_FIELDS = ["hostnames", "port", "secretRefs", "state", "handler", "helpers"];

function isFake(value: Fields): value is Fields & AnyFake {
  return Array.isArray(value["hostnames"]) && typeof value["handler"] === "function";
}

function checkFake(name: string, value: unknown, at: CallSite | undefined): AnyFake {
  const where = `fakes.${name}`;
  if (!isRecord(value)) refuse(`${where} must be an object, not ${shown(value)}`, at);
  checkKnown(value, FAKE_FIELDS, where, at);
  checkFunction(value["state"], `${where}.state`, at);
  checkFunction(value["helpers"], `${where}.helpers`, at);
  if (typeof value["handler"] !== "function") refuse(`${where}.handler must be a function (request, state) => Response`, at);
  if (!isFake(value) || value.hostnames.length === 0) refuse(`${where}.hostnames must list at least one host name`, at);
  return value;
}

export function checkEnvironment(
  definition: unknown,
  at: CallSite | undefined,
): { services: Record<string, ServiceDefinition>; fakes: Record<string, AnyFake> } {
  if (!isRecord(definition)) refuse(`defineEnvironment takes an object, not ${shown(definition)}`, at);
  checkKnown(definition, ["services", "fakes"], "defineEnvironment", at);
  const services: Record<string, ServiceDefinition> = {};
  for (const [name, value] of Object.entries(checkRecord(definition["services"], "services", at))) {
    services[name] = checkService(name, value, at);
  }
  const fakes: Record<string, AnyFake> = {};
  for (const [name, value] of Object.entries(checkRecord(definition["fakes"], "fakes", at))) fakes[name] = checkFake(name, value, at);
  return { services, fakes };
}

export function checkSetup(options: unknown, at: CallSite | undefined): ((ctx: SetupContext<unknown, unknown>) => unknown) | undefined {
  if (!isRecord(options)) refuse(`project takes an object, not ${shown(options)}`, at);
  checkKnown(options, ["setup"], "project", at);
  checkFunction(options["setup"], "project.setup", at);
  const hook = options["setup"];
  return typeof hook === "function" ? (ctx) => hook(ctx) as unknown : undefined;
}

const TEST_FIELDS = ["dependsOn", "after", "timeoutMs", "tags", "retries", "id"];

/** What `TestOptions` becomes once it is known to be right. */
export interface CheckedTestOptions {
  parent: object | undefined;
  after: object[];
  timeoutMs: number | undefined;
  tags: string[];
  retries: number;
  id: string | undefined;
}

/** @param isHandle Recognises what `test` returned, of any environment. @param siteOf Where a handle's test is written. */
export function checkTestOptions(
  name: string,
  options: unknown,
  at: CallSite | undefined,
  handles: { is(value: unknown): value is object; describe(handle: object): string },
): CheckedTestOptions {
  const where = `the options of test ${shown(name)}`;
  const fields = checkRecord(options, where, at);
  checkKnown(fields, TEST_FIELDS, where, at);
  const { dependsOn, after, timeoutMs, tags, retries, id } = fields;
  if (Array.isArray(dependsOn)) refuseParents(name, dependsOn, at, handles);
  if (dependsOn !== undefined && !handles.is(dependsOn)) {
    refuse(`dependsOn of test ${shown(name)} must be what env.test() returned, not ${shown(dependsOn)}`, at, wrongHandleHint(dependsOn));
  }
  if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs > 0 && Number.isFinite(timeoutMs))) {
    refuse(`timeoutMs of test ${shown(name)} must be a positive number of milliseconds, not ${shown(timeoutMs)}`, at);
  }
  if (retries !== undefined && !(typeof retries === "number" && Number.isInteger(retries) && retries >= 0)) {
    refuse(`retries of test ${shown(name)} must be a whole number, 0 or more, not ${shown(retries)}`, at);
  }
  if (id !== undefined && !(typeof id === "string" && id !== ""))
    refuse(`id of test ${shown(name)} must be a string, not ${shown(id)}`, at);
  return {
    parent: dependsOn,
    after: checkAfter(name, after, at, handles),
    timeoutMs,
    tags: checkTags(name, tags, at),
    retries: retries ?? 0,
    id,
  };
}

function wrongHandleHint(value: unknown): string {
  return value instanceof Promise
    ? "env.test() returns its handle at once: no await is needed"
    : "const first = env.test(…); then { dependsOn: first }";
}

function refuseParents(
  name: string,
  parents: readonly unknown[],
  at: CallSite | undefined,
  handles: { is(value: unknown): value is object; describe(handle: object): string },
): never {
  const named = parents.map((parent) => (handles.is(parent) ? handles.describe(parent) : shown(parent)));
  refuse(
    `test ${shown(name)} depends on ${parents.length} tests: ${named.join(" and ")}; two machines cannot be merged, so a test has one parent`,
    at,
    "let one of them depend on the other, or list the others in `after`, which orders without inheriting",
  );
}

function checkAfter(name: string, after: unknown, at: CallSite | undefined, handles: { is(value: unknown): value is object }): object[] {
  if (after === undefined) return [];
  if (!Array.isArray(after)) refuse(`after of test ${shown(name)} must be an array of tests, not ${shown(after)}`, at);
  return after.map((entry: unknown, index) => {
    if (!handles.is(entry)) refuse(`after[${index}] of test ${shown(name)} must be what env.test() returned, not ${shown(entry)}`, at);
    return entry;
  });
}

function checkTags(name: string, tags: unknown, at: CallSite | undefined): string[] {
  if (tags === undefined) return [];
  if (!Array.isArray(tags) || !tags.every((tag): tag is string => typeof tag === "string" && tag !== "")) {
    refuse(`tags of test ${shown(name)} must be an array of strings, not ${shown(tags)}`, at);
  }
  return [...tags];
}

export function checkName(name: unknown, what: string, at: CallSite | undefined): string {
  if (typeof name !== "string" || name.trim() === "") refuse(`${what} needs a name, a non-empty string, not ${shown(name)}`, at);
  return name;
}

export function describeHandle(name: string, at: CallSite | undefined): string {
  return `${shown(name)} at ${formatSite(at)}`;
}
