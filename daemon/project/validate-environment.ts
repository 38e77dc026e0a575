/** Deep checks of what defineEnvironment was given, by the wire's own schemas and the service graph. */
import type { z } from "zod";
import { type GraphProblem, validateGraph } from "../../src/graph/index.ts";
import { type ParsedEnvironment, parsedFakeSchema, parsedServiceSchema } from "../../src/protocol/index.ts";
import type { CallSite } from "../../src/sdk/call-site.ts";
import type { ProjectDefinition } from "../../src/sdk/definitions.ts";
import { ProjectError, shown } from "../../src/sdk/project-error.ts";
import type { ServiceDefinition } from "../../src/sdk/services.ts";

/**
 * The environment as plain data.
 *
 * @throws ProjectError PROJECT_INVALID, GRAPH_UNKNOWN or GRAPH_CYCLE, naming the field and the defineEnvironment call.
 */
export function parseEnvironment(definition: ProjectDefinition): ParsedEnvironment {
  const at = definition.environmentAt;
  const services = Object.entries(definition.services).map(([name, value]) => parseService(name, value, at));
  const fakes = Object.entries(definition.fakes).map(([name, fake]) => {
    const parsed = parsedFakeSchema.safeParse({
      name,
      hostnames: fake.hostnames,
      port: fake.port ?? 80,
      secretRefs: fake.secretRefs ?? [],
    });
    return parsed.success ? parsed.data : refuse(`fakes.${name}`, parsed.error, at);
  });
  refuseUnsoundServices(services, at);
  refuseSharedHostnames(services, fakes, at);
  return { services, fakes, hasSetup: definition.setup !== undefined };
}

function parseService(name: string, { setup, helpers, ...spec }: ServiceDefinition, at: CallSite | undefined) {
  const parsed = parsedServiceSchema.safeParse({ name, spec, hasSetup: setup !== undefined, hasHelpers: helpers !== undefined });
  return parsed.success ? parsed.data : refuse(`services.${name}`, parsed.error, at);
}

function refuse(where: string, error: z.ZodError, at: CallSite | undefined): never {
  const problems = error.issues.map((issue) => {
    const path = issue.path.filter((step) => step !== "spec" && step !== "name");
    return `${[where, ...path].join(".")}: ${issue.message}`;
  });
  throw new ProjectError("PROJECT_INVALID", problems.join("\n"), { at });
}

function refuseUnsoundServices(services: ParsedEnvironment["services"], at: CallSite | undefined): void {
  const nodes = services.map(({ name, spec }) => ({ id: name, dependsOn: spec.dependsOn ?? [] }));
  for (const problem of validateGraph(nodes)) throw graphError(problem, "service", at);
}

/** A graph's problem as an error, the nodes named by `label`. */
export function graphError(
  problem: GraphProblem,
  what: string,
  at: CallSite | undefined,
  label: (id: string) => string = shown,
): ProjectError {
  switch (problem.type) {
    case "unknown":
      return new ProjectError("GRAPH_UNKNOWN", `${what} ${label(problem.from)} depends on ${label(problem.to)}, which does not exist`, {
        at,
        hint: `known are ${problem.known.join(", ")}`,
      });
    case "cycle":
      return new ProjectError("GRAPH_CYCLE", `${what}s depend on one another in a cycle: ${problem.path.map(label).join(" → ")}`, { at });
    case "duplicate":
      return new ProjectError("PROJECT_INVALID", `two ${what}s are called ${label(problem.id)}`, { at });
  }
}

function refuseSharedHostnames(services: ParsedEnvironment["services"], fakes: ParsedEnvironment["fakes"], at: CallSite | undefined): void {
  const owners = new Map<string, string>();
  const claim = (hostname: string, owner: string): void => {
    const key = hostname.toLowerCase();
    const other = owners.get(key);
    if (other !== undefined && other !== owner) {
      throw new ProjectError("PROJECT_INVALID", `the host name ${shown(hostname)} is claimed by ${other} and by ${owner}`, { at });
    }
    owners.set(key, owner);
  };
  for (const fake of fakes) for (const hostname of fake.hostnames) claim(hostname, `fakes.${fake.name}`);
  for (const { name, spec } of services) for (const { hostname } of spec.tls ?? []) claim(hostname, `services.${name}`);
}
