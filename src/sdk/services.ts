/** What an author writes about one service. Mirrors the wire's ServiceSpec, plus the functions that stay in the guest. */

/** Made by `registry()` or `dockerfile()`. */
export type Image = { type: "registry"; reference: string } | { type: "dockerfile"; content: string; exclude?: string[] };

/** When a started service counts as ready. `timeoutSecs` defaults to 60. */
export type ReadyCheck =
  | { type: "tcp"; port: number; timeoutSecs?: number }
  /** Ready on any 2xx answer. `path` defaults to "/". */
  | { type: "http"; port: number; path?: string; timeoutSecs?: number }
  /** Ready when the command, run through `sh -c` in the container, exits with 0. */
  | { type: "exec"; command: string; timeoutSecs?: number };

export interface Volume {
  /** Absolute path in the container. */
  target: string;
  /** Relative: in the workspace, per service. Absolute: a path of the guest. Absent: a fresh directory of this service. */
  source?: string;
  readOnly?: boolean;
  /** Survives a rebuild of the environment. */
  cache?: boolean;
}

export interface FileEntry {
  /** Absolute path in the container, in place before the entrypoint runs, read-only. */
  path: string;
  /** `{{SPECTEST_SERVICE}}` becomes the service's name. */
  content: string;
  /** Permission bits, e.g. 0o755. */
  mode?: number;
}

export interface Tls {
  /** Answers on ports 80 and 443 with a certificate the whole environment trusts. */
  hostname: string;
  /** The service's own port behind it. */
  port: number;
}

/** The plain-data part of a service. */
export interface ServiceFields {
  image: Image;
  /** Runs through `sh -c` and replaces the entrypoint. Not together with `args`. */
  command?: string;
  /** Overrides CMD and keeps the entrypoint. */
  args?: string[];
  env?: Record<string, string>;
  workdir?: string;
  privileged?: boolean;
  /** Paths mounted as memory file systems. */
  tmpfs?: string[];
  cgroupns?: "host" | "private";
  volumes?: Volume[];
  files?: FileEntry[];
  /** Further names under which the service is reached, besides its own and `<name>.internal`. */
  hostnames?: string[];
  /** Services that must be ready and set up before this one starts. */
  dependsOn?: string[];
  readyCheck?: ReadyCheck;
  tls?: Tls[];
}

export interface HelperArgs {
  /** The service's name, which is also its host name. */
  name: string;
}

/**
 * One entry of `services`. `helpers` is called once; what it returns is given to `setup` and to every test as
 * `ctx.svc.<name>`.
 *
 * @example
 * const queue: ServiceDefinition = { image: registry("example/queue:2"), readyCheck: { type: "tcp", port: 5672 } };
 */
export interface ServiceDefinition extends ServiceFields {
  helpers?: (args: HelperArgs) => unknown;
  // `any`: in a literal inside defineEnvironment the type of `helpers` is being inferred while `setup` is checked.
  // service() gives the exact type.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  // oxlint-disable-next-line typescript/no-explicit-any
  setup?: (args: HelperArgs & { helpers: any }) => unknown;
}

/** A service whose helpers are known: what `service()` and the components return. */
export interface TypedService<H> extends ServiceFields {
  helpers: (args: HelperArgs) => H | Promise<H>;
  setup?: (args: HelperArgs & { helpers: H }) => unknown;
}

/** The type of `ctx.svc.<name>` for one entry of `services`. */
export type HelpersOf<D> = D extends { helpers: (args: never) => infer H } ? Awaited<H> : Record<never, never>;

/**
 * Types one service on its own, so that `setup` sees the exact type of what `helpers` returns.
 *
 * @example service({ image, helpers: ({ name }) => ({ url: `http://${name}` }), setup: async ({ helpers }) => ping(helpers.url) })
 */
export function service<H>(definition: TypedService<H>): TypedService<H> {
  return definition;
}

/** An image pulled by reference, e.g. `registry("spectest/redis:8")`. */
export function registry(reference: string): Image {
  return { type: "registry", reference };
}

/**
 * An image built in the guest from the text of a Dockerfile, with the project directory as context.
 *
 * @param options.exclude Further paths to leave out of the context, in the syntax of `.dockerignore`.
 */
export function dockerfile(content: string, options: { exclude?: string[] } = {}): Image {
  return options.exclude === undefined ? { type: "dockerfile", content } : { type: "dockerfile", content, exclude: options.exclude };
}
