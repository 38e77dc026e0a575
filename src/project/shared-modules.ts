import type { Metafile, Plugin } from "esbuild";
import { pathToFileURL } from "node:url";
import { basename, extname, join, resolve } from "node:path";
import { hashOf } from "../platform/index.ts";
import type { ProjectPath } from "./outputs.ts";

/** A module of the environment which the tests must meet as the same instance. */
export interface SharedModule {
  /** Relative to the project's root. */
  readonly input: ProjectPath;
  /** Output path in the environment's bundle, without its extension. */
  readonly out: string;
  readonly isCommonJs: boolean;
}

/**
 * Modules of the environment that the tests import from its bundle: every file of the project in the entry's
 * graph, and every package file that one of them imports directly. Deeper package files stay private to each
 * bundle: naming them all would split a large package into hundreds of files.
 */
export function sharedModules(metafile: Metafile): SharedModule[] {
  const isOwn = (input: string) => !isPackageFile(input);
  const inputs = new Set(Object.keys(metafile.inputs).filter(isOwn));
  for (const own of [...inputs]) {
    for (const imported of metafile.inputs[own]?.imports ?? []) if (!imported.external) inputs.add(imported.path);
  }
  const taken = new Set<string>();
  return [...inputs]
    .filter((input) => input in metafile.inputs && !isData(input))
    .sort()
    .map((input) => ({ input, out: outputName(input, taken), isCommonJs: metafile.inputs[input]?.format === "cjs" }));
}

export function isPackageFile(input: string): boolean {
  return input.split("/").includes("node_modules");
}

/** JSON keeps its import attribute when it is left to Node, which then refuses the bundle's JavaScript; and plugins' virtual modules have no file. */
function isData(input: string): boolean {
  return input.endsWith(".json") || /^[a-z-]+:/.test(input);
}

/** Where a source's bundle goes, without extension; `a.ts` and `a.mjs` side by side stay apart. */
export function outputName(input: string, taken: Set<string>): string {
  const plain = input.slice(0, input.length - extname(input).length);
  const inside = input.startsWith("../") || isPackageFile(input) ? `outside/${hashOf(input).slice(0, 8)}-${basename(plain)}` : plain;
  const name = taken.has(inside) ? `${inside}${extname(input)}` : inside;
  taken.add(name);
  return name;
}

/** Sends imports of shared modules to the environment's bundle, which lies at `bundleDir` where the tests will run. */
export function redirectShared(root: string, shared: readonly SharedModule[], bundleDir: string): Plugin {
  const byPath = new Map(shared.map((module) => [resolve(root, module.input), module]));
  const targetOf = (module: SharedModule) => join(bundleDir, `${module.out}.mjs`);
  return {
    name: "redirect-shared",
    setup(build) {
      build.onResolve({ filter: /.*/ }, async (args) => {
        if (args.pluginData === resolving || args.kind === "entry-point" || args.namespace !== "file") return undefined;
        const { path: importPath, pluginData: _, ...options } = args;
        const found = await build.resolve(importPath, { ...options, pluginData: resolving });
        const module = found.errors.length === 0 && !found.external ? byPath.get(found.path) : undefined;
        if (module === undefined) return found;
        if (args.kind === "require-call" || module.isCommonJs) return { path: module.input, namespace: "shared-commonjs" };
        return { path: pathToFileURL(targetOf(module)).href, external: true };
      });
      // A CommonJS module's names are not known before it runs, so it is reached through require, as its importers expect.
      build.onLoad({ filter: /.*/, namespace: "shared-commonjs" }, (args) => {
        const module = byPath.get(resolve(root, args.path));
        if (module === undefined) return undefined;
        const loaded = `require(${JSON.stringify(targetOf(module))})`;
        return { contents: `module.exports = ${module.isCommonJs ? `${loaded}.default` : loaded};`, loader: "js" };
      });
      build.onResolve({ filter: /.*/, namespace: "shared-commonjs" }, (args) => ({ path: args.path, external: true }));
    },
  };
}

const resolving = Symbol("resolving");
