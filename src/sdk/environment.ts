import { type CallSite, callSiteOf } from "./call-site.ts";
import { checkEnvironment, checkSetup } from "./checks.ts";
import { collectTests } from "./collect.ts";
import type { NameContext, SetupContext } from "./context.ts";
import { PROJECT_DEFINITION, type Project } from "./definitions.ts";
import type { FakeHelperArgs } from "./fakes.ts";
import type { HelpersOf, ServiceDefinition } from "./services.ts";
import type { DescribeFunction, TestFunction } from "./tests.ts";

/** `fakes` is written so that `state`, `handler` and `helpers` of each entry infer from one another. */
export interface EnvironmentDefinition<S, FS, FH> {
  services?: S;
  fakes?: {
    [K in keyof FS]: {
      hostnames: string[];
      port?: number;
      secretRefs?: string[];
      state?: () => FS[K] | Promise<FS[K]>;
      handler: (request: Request, state: FS[K], ctx: NameContext) => Response | Promise<Response>;
    };
  } & { [K in keyof FH]: { helpers?: (args: FakeHelperArgs<K extends keyof FS ? FS[K] : never>) => FH[K] } };
}

/** The type of `ctx.svc`. */
export type ServiceHelpers<S> = string extends keyof S ? Record<never, never> : { readonly [K in keyof S]: HelpersOf<S[K]> };
/** The type of `ctx.fakes`. A fake without helpers is there, and empty. */
export type FakeHelpers<FH> = { readonly [K in keyof FH]: unknown extends FH[K] ? Record<never, never> : Awaited<FH[K]> };

export interface ProjectOptions<Svc, Fakes> {
  /** Runs once, after every service is ready and before the environment is captured. */
  setup?: (ctx: SetupContext<Svc, Fakes>) => unknown;
}

export interface Environment<Svc, Fakes> {
  test: TestFunction<Svc, Fakes>;
  describe: DescribeFunction;
  /** The default export of the entry file. */
  project(options?: ProjectOptions<Svc, Fakes>): Project;
}

// A default for S would cost the entries their contextual types: `helpers: ({ name }) => …` would not check.
/**
 * Declares services and fakes. Nothing is started: the result is data, plus the functions that define tests.
 *
 * @throws ProjectError (PROJECT_INVALID) naming file and line when a field cannot be right.
 * @example
 * export const env = defineEnvironment({ services: { db: postgres({ database: "shop" }) } });
 * export default env.project();
 */
export function defineEnvironment<S extends Record<string, ServiceDefinition>, FS, FH>(
  definition: EnvironmentDefinition<S, FS, FH>,
): Environment<ServiceHelpers<S>, FakeHelpers<FH>> {
  const environmentAt = callSiteOf(defineEnvironment);
  const { services, fakes } = checkEnvironment(definition, environmentAt);
  const collection = collectTests<ServiceHelpers<S>, FakeHelpers<FH>>();

  function project(options: ProjectOptions<ServiceHelpers<S>, FakeHelpers<FH>> = {}): Project {
    const at: CallSite | undefined = callSiteOf(project);
    const setup = checkSetup(options, at);
    return {
      [PROJECT_DEFINITION]: {
        at,
        environmentAt,
        services,
        fakes,
        setup,
        tests: collection.definitions,
      },
    };
  }
  return { test: collection.test, describe: collection.describe, project };
}
