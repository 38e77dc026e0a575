import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Metafile, Plugin } from "esbuild";
import { hashOf } from "../platform/index.ts";
import { compile } from "./compile.ts";
import type { Project } from "./find.ts";
import { collectOutputs, hashFiles, type ProjectPath, toProjectPath } from "./outputs.ts";
import { isPackageFile, outputName, redirectShared, sharedModules } from "./shared-modules.ts";

/** Where the guest keeps bundles, each in a directory named by its hash. */
export const GUEST_BUNDLES_DIR = "/var/lib/spectest/bundles";

const TEST_FILE = /\.(ts|mts|cts|js|mjs|cjs)$/;
const DECLARATION = /\.d\.(ts|mts|cts)$/;

export interface Bundle {
  /** SHA-256 over the sorted paths and contents of `files`. */
  readonly hash: string;
  /** Output path → contents, source maps included. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Every source that went in, packages included, sorted. */
  readonly inputs: readonly ProjectPath[];
}

export interface EnvironmentBundle extends Bundle {
  /** Output path of the project's entry, e.g. "spectest/index.mjs". */
  readonly entry: string;
}

export interface TestsBundle extends Bundle {
  /** Output paths of the test files, in loading order. */
  readonly entries: readonly string[];
}

/** What decides whether a test file's tests have to run again, the environment aside. */
export interface TestFileInputs {
  readonly inputs: readonly ProjectPath[];
  /** SHA-256 over the paths and contents of `inputs`. */
  readonly hash: string;
}

export interface ProjectBundle {
  readonly env: EnvironmentBundle;
  readonly tests: TestsBundle;
  /** Test file, e.g. "spectest/tests/checkout.ts" → the sources it is made of, itself included. */
  readonly affects: ReadonlyMap<ProjectPath, TestFileInputs>;
}

export interface BundleOptions {
  readonly signal?: AbortSignal;
  /** Where bundles will lie when they run. @defaultValue GUEST_BUNDLES_DIR */
  readonly bundlesDir?: string;
}

/**
 * Bundles a project for the guest: the environment and the tests apart, so that a change of a test never changes
 * the environment's hash, yet every module they share is one instance. See README.md for the layout.
 *
 * @throws SpectestError PROJECT_SYNTAX with every error in the project's files.
 * @example const { env, tests } = await bundleProject(await findProject(process.cwd()));
 */
export async function bundleProject(project: Project, options: BundleOptions = {}): Promise<ProjectBundle> {
  const { env, shared } = await bundleEnvironment(project, options.signal);
  const sharedInputs = new Set(shared.map((module) => module.input));
  // A test file which the entry imports has been loaded with the environment already.
  const testFiles = (await findTestFiles(project)).filter((file) => !sharedInputs.has(file));
  const bundleDir = join(options.bundlesDir ?? GUEST_BUNDLES_DIR, env.hash);
  const { tests, metafile } = await bundleTests(project, testFiles, redirectShared(project.root, shared, bundleDir), options.signal);
  const affects = new Map<ProjectPath, TestFileInputs>();
  for (const file of testFiles) affects.set(file, await inputsOf(project, file, metafile));
  return { env, tests, affects };
}

async function bundleEnvironment(project: Project, signal: AbortSignal | undefined) {
  const entryInput = toProjectPath(project.root, project.entry);
  const first = await compile(project, { entryPoints: [{ in: entryInput, out: "entry" }], signal });
  const shared = sharedModules(first.metafile);
  // Each shared module is an entry point of its own, so that the tests can import it from this bundle.
  const entryPoints = shared.map((module) => ({ in: asPath(module.input), out: module.out }));
  const compiled = await compile(project, { entryPoints, signal });
  const files = collectOutputs(project.root, compiled.outputFiles);
  const entry = shared.find((module) => module.input === entryInput);
  const env: EnvironmentBundle = {
    hash: hashFiles(files),
    files,
    inputs: Object.keys(compiled.metafile.inputs).sort(),
    entry: `${entry?.out}.mjs`,
  };
  return { env, shared };
}

async function bundleTests(project: Project, files: readonly ProjectPath[], redirect: Plugin, signal: AbortSignal | undefined) {
  const taken = new Set<string>();
  const entryPoints = files.map((file) => ({ in: asPath(file), out: outputName(file, taken) }));
  const compiled = await compile(project, { entryPoints, plugins: [redirect], signal });
  const outputs = collectOutputs(project.root, compiled.outputFiles);
  const tests: TestsBundle = {
    hash: hashFiles(outputs),
    files: outputs,
    inputs: Object.keys(compiled.metafile.inputs).sort(),
    entries: entryPoints.map((point) => `${point.out}.mjs`),
  };
  return { tests, metafile: compiled.metafile };
}

/** esbuild takes a bare "spectest/index.ts" for a package's file. */
function asPath(input: ProjectPath): string {
  return input.startsWith(".") ? input : `./${input}`;
}

/** Test files below `spectest/tests`, in loading order. */
export async function findTestFiles(project: Project): Promise<ProjectPath[]> {
  const testsDir = join(project.dir, "tests");
  const entries = await readdir(testsDir, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && TEST_FILE.test(entry.name) && !DECLARATION.test(entry.name))
    .map((entry) => toProjectPath(project.root, join(entry.parentPath, entry.name)))
    .filter((file) => !isPackageFile(file) && !file.split("/").includes(".spectest"))
    .sort();
}

async function inputsOf(project: Project, file: ProjectPath, metafile: Metafile): Promise<TestFileInputs> {
  const reached = new Set<ProjectPath>();
  const pending = [file];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    for (const imported of metafile.inputs[next]?.imports ?? []) if (!imported.external) pending.push(imported.path);
  }
  const inputs = [...reached].filter((input) => !/^[a-z-]+:/.test(input)).sort();
  const contents = await Promise.all(inputs.map((input) => readFile(join(project.root, input))));
  return { inputs, hash: hashOf(...inputs.flatMap((input, index) => [input, contents[index] ?? ""])) };
}
