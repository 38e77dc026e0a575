import { build, type BuildFailure, type BuildOptions, type BuildResult, type Message, type Plugin } from "esbuild";
import { SpectestError } from "../errors/index.ts";
import type { Project } from "./find.ts";

/** Sources, metafile and outputs of one esbuild run; nothing is written to disk. */
export type Compiled = BuildResult<{ write: false; metafile: true }>;

export interface CompileRequest {
  readonly entryPoints: { in: string; out: string }[];
  readonly plugins?: Plugin[];
  readonly signal?: AbortSignal | undefined;
}

// CommonJS packages inside an ES module still expect what Node gives to CommonJS.
const commonJsBanner =
  'import { createRequire as spectestCreateRequire } from "node:module"; ' +
  "const require = spectestCreateRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;";

const options = {
  bundle: true,
  write: false,
  metafile: true,
  platform: "node",
  format: "esm",
  // The guest's Node; the host's may be older.
  target: "node24",
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  outExtension: { ".js": ".mjs" },
  sourcemap: "linked",
  sourcesContent: true,
  charset: "utf8",
  legalComments: "none",
  logLevel: "silent",
  banner: { js: commonJsBanner },
} as const satisfies BuildOptions;

/**
 * Bundles entry points of a project in memory, output paths relative to the project's root.
 *
 * @throws SpectestError PROJECT_SYNTAX with every error esbuild found.
 */
export async function compile(project: Project, request: CompileRequest): Promise<Compiled> {
  request.signal?.throwIfAborted();
  if (request.entryPoints.length === 0)
    return { errors: [], warnings: [], outputFiles: [], metafile: { inputs: {}, outputs: {} }, mangleCache: {} };
  try {
    const result = await build({
      ...options,
      absWorkingDir: project.root,
      outdir: project.root,
      entryPoints: request.entryPoints,
      plugins: [spectestIsExternal, ...(request.plugins ?? []), nativeModules],
    });
    request.signal?.throwIfAborted();
    return result;
  } catch (error) {
    if (isBuildFailure(error)) throw syntaxError(error.errors, error);
    throw error;
  }
}

/** By plugin rather than by option: a `paths` entry of the user's tsconfig.json must not pull the sdk into the bundle. */
const spectestIsExternal: Plugin = {
  name: "spectest-external",
  setup(build) {
    build.onResolve({ filter: /^spectest(\/|$)/ }, (args) => ({ path: args.path, external: true }));
  },
};

/** A native module is an error where it is imported; where it is required it throws when reached, because packages try and go on without. */
const nativeModules: Plugin = {
  name: "native-modules",
  setup(build) {
    build.onResolve({ filter: /\.node$/ }, (args) => {
      const text = `"${args.path}" is a native module; only JavaScript travels into the machine, so run native code in a service`;
      if (args.kind !== "require-call") return { errors: [{ text }] };
      return { path: args.path, namespace: "native-module", pluginData: text };
    });
    build.onLoad({ filter: /.*/, namespace: "native-module" }, (args) => ({
      contents: `throw new Error(${JSON.stringify(args.pluginData)});`,
      loader: "js",
    }));
  },
};

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}

function syntaxError(errors: readonly Message[], cause: BuildFailure): SpectestError {
  const first = errors[0]?.location;
  const unresolved = errors.some((error) => /^Could not resolve "[^./]/.test(error.text));
  return new SpectestError("PROJECT_SYNTAX", {
    what: errors.map(describe).join("\n"),
    cause,
    value: errors.map((error) => error.text),
    ...(first ? { at: { file: first.file, line: first.line, column: first.column + 1 } } : {}),
    ...(unresolved ? { hint: "install the missing package where the project's package.json is, with npm install" } : {}),
  });
}

function describe({ text, location }: Message): string {
  return location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text;
}
