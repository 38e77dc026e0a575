/** `test` and `describe` of one environment. */
import { type CallSite, callSiteOf } from "./call-site.ts";
import { checkName, checkTestOptions, describeHandle } from "./checks.ts";
import type { TestDefinition, TestMode } from "./definitions.ts";
import { ProjectError, shown } from "./project-error.ts";
import type { DefineGroup, DescribeFunction, TestFunction, TestHandle } from "./tests.ts";

type Body = (ctx: never, value?: never) => unknown;
type DefineArgs = [name: string, optionsOrBody?: unknown, body?: unknown];
interface Group {
  title: string;
  mode: TestMode;
}

/** Every handle, of any environment, with its definition. */
const handleKey = Symbol.for("spectest.test");

class Handle implements TestHandle<never> {
  readonly id: string;
  readonly name: string;
  readonly [handleKey]: CallSite | undefined;
  constructor(id: string, name: string, at: CallSite | undefined) {
    this.id = id;
    this.name = name;
    this[handleKey] = at;
  }
}

const handles = {
  is: (value: unknown): value is object => typeof value === "object" && value !== null && handleKey in value,
  describe: (handle: object): string => (handle instanceof Handle ? describeHandle(handle.name, handle[handleKey]) : shown(handle)),
};

export interface Collection<Svc, Fakes> {
  test: TestFunction<Svc, Fakes>;
  describe: DescribeFunction;
  definitions: readonly TestDefinition[];
}

export function collectTests<Svc, Fakes>(): Collection<Svc, Fakes> {
  const definitions: TestDefinition[] = [];
  const groups: Group[] = [];

  const add = (mode: TestMode, args: DefineArgs, at: CallSite | undefined, value?: { of: unknown }): Handle => {
    const title = checkName(args[0], "a test", at);
    const [options, body] = typeof args[1] === "function" ? [undefined, args[1]] : [args[1], args[2]];
    if (typeof body !== "function" && mode !== "todo") {
      throw new ProjectError("PROJECT_INVALID", `test ${shown(title)} has no body: its last argument is ${shown(body)}`, {
        at,
        hint: `env.test.todo(${JSON.stringify(title)})`,
      });
    }
    const { id, ...checked } = checkTestOptions(title, options, at, handles);
    const name = [...groups.map((group) => group.title), title].join(" > ");
    const handle = new Handle(id ?? name, name, at);
    definitions.push({ ...checked, givenId: id, name, at, handle, mode: effectiveMode(mode, groups), body: bodyOf(body, value) });
    return handle;
  };

  const define = (mode: TestMode) =>
    function defineTest(...args: DefineArgs): Handle {
      return add(mode, args, callSiteOf(defineTest));
    };
  const each = (cases: readonly unknown[]) => {
    if (!Array.isArray(cases)) {
      throw new ProjectError("PROJECT_INVALID", `test.each takes an array, not ${shown(cases)}`, { at: callSiteOf(each) });
    }
    return function defineEach(name: string, ...rest: [unknown, unknown?]): Handle[] {
      const at = callSiteOf(defineEach);
      return cases.map((of, index) => add("run", [caseName(name, of, index), ...rest], at, { of }));
    };
  };
  const group = (mode: TestMode): DefineGroup =>
    function defineGroup(title: string, body: () => void): void {
      const at = callSiteOf(defineGroup);
      groups.push({ title: checkName(title, "describe", at), mode });
      try {
        const result: unknown = body();
        if (result instanceof Promise) {
          throw new ProjectError("PROJECT_INVALID", `the body of describe ${shown(title)} is async: tests must be defined at once`, { at });
        }
      } finally {
        groups.pop();
      }
    };
  const test = Object.assign(define("run"), {
    only: define("only"),
    skip: define("skip"),
    todo: define("todo"),
    fails: define("fails"),
    each,
  });
  return {
    // The overloads of TestFunction describe what `add` checks at run time.
    test: test as TestFunction<Svc, Fakes>,
    describe: Object.assign(group("run"), { only: group("only"), skip: group("skip") }),
    definitions,
  };
}

function effectiveMode(own: TestMode, groups: readonly Group[]): TestMode {
  if (own === "skip" || own === "todo") return own;
  if (groups.some((group) => group.mode === "skip")) return "skip";
  return own === "run" && groups.some((group) => group.mode === "only") ? "only" : own;
}

function bodyOf(body: unknown, value: { of: unknown } | undefined): TestDefinition["body"] {
  if (typeof body !== "function") return undefined;
  const call = body as Body;
  return (ctx) => (value ? call(ctx as never, value.of as never) : call(ctx as never));
}

function caseName(name: unknown, value: unknown, index: number): string {
  if (typeof name !== "string") return checkName(name, "a test", undefined);
  return name.replaceAll(/%[s#]|\$(\w+)/g, (token, field: string | undefined) => {
    if (token === "%#") return String(index);
    if (token === "%s" || field === "value") return textOf(value);
    const fields = new Map<string, unknown>(typeof value === "object" && value !== null ? Object.entries(value) : []);
    return field !== undefined && fields.has(field) ? textOf(fields.get(field)) : token;
  });
}

function textOf(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}
