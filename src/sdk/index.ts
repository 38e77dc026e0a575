/** What test authors import as "spectest". Importing it does no I/O. */
export { postgres, redis } from "./components.ts";
export type { PostgresHelpers, PostgresOptions, RedisHelpers, RedisOptions } from "./components.ts";
export type {
  ExecOptions,
  ExecOutput,
  ExecResult,
  FetchResponse,
  KeyName,
  NameContext,
  OpenTerminalOptions,
  PollOptions,
  RuntimeService,
  SetupContext,
  Terminal,
  TerminalOptions,
  TerminalOutput,
  TerminalResult,
  TestContext,
} from "./context.ts";
export type { Project } from "./definitions.ts";
export { defineEnvironment } from "./environment.ts";
export type { Environment, EnvironmentDefinition, FakeHelpers, ProjectOptions, ServiceHelpers } from "./environment.ts";
export { assert, expect, expectRaw } from "./expect.ts";
export type { FakeDefinition, FakeHelperArgs } from "./fakes.ts";
export type { Assertion, AsymmetricMatchers, Expect, ExpectPollOptions, Matchers } from "./matchers.ts";
export { ProjectError } from "./project-error.ts";
export { dockerfile, registry, service } from "./services.ts";
export type { FileEntry, HelperArgs, Image, ReadyCheck, ServiceDefinition, ServiceFields, Tls, TypedService, Volume } from "./services.ts";
export type { DescribeFunction, TestFunction, TestHandle, TestOptions } from "./tests.ts";
