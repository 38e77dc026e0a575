#!/usr/bin/env node
/**
 * Builds dist/: the command line for Node 20 on the host, the guest's programs for Node 24, and the declarations of `spectest`.
 *
 *   node scripts/build.mjs [--no-types] [--clean]
 *
 * Layout: dist/cli.js + chunks/, dist/sdk/index.js, dist/guest/{daemon,host,spectest}.mjs + chunks/ + digest.txt,
 * dist/types/**, and dist/maps/guest/** (source maps of the guest's programs, which stay on the host).
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, formatMessages } from "esbuild";
import { groups } from "./build/groups.mjs";
import { guestDigest, removeStale, writeChanged } from "./build/output.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const guestDir = join(dist, "guest");

/** One group's output files, by absolute path; maps of the guest are moved out of what travels. */
async function buildGroup(group) {
  const entries = Object.entries(group.entries).filter(([, source]) => {
    const exists = existsSync(join(root, source));
    if (!exists) console.warn(`build: skipped ${group.name}: ${source} does not exist`);
    return exists;
  });
  const files = new Map();
  if (entries.length === 0) return files;
  const result = await build({
    ...group.options,
    absWorkingDir: root,
    entryPoints: entries.map(([out, source]) => ({ in: source, out })),
    outdir: join(dist, group.out),
  });
  if (result.warnings.length > 0) console.warn((await formatMessages(result.warnings, { kind: "warning" })).join(""));
  for (const file of result.outputFiles) {
    const isGuestMap = file.path.startsWith(guestDir) && file.path.endsWith(".map");
    files.set(isGuestMap ? join(dist, "maps", relative(dist, file.path)) : file.path, Buffer.from(file.contents));
  }
  return files;
}

/** Examples build what their Dockerfiles copy by a script of their own, as any project does. */
async function buildExamples() {
  const examples = await readdir(join(root, "examples"), { withFileTypes: true }).catch(() => []);
  await Promise.all(
    examples.map(async ({ name }) => {
      const manifest = await readFile(join(root, "examples", name, "package.json"), "utf8").catch(() => "{}");
      if (JSON.parse(manifest).scripts?.build === undefined) return;
      const code = await exitCodeOf("npm", ["run", "build", "--silent"], join(root, "examples", name));
      if (code !== 0) throw new Error(`examples/${name}: npm run build failed with ${code}`);
    }),
  );
}

/** Runs a program with this process's output. */
function exitCodeOf(file, args, cwd) {
  const child = spawn(file, args, { cwd, stdio: "inherit" });
  return new Promise((resolve, reject) => child.once("close", resolve).once("error", reject));
}

async function buildTypes() {
  if (!existsSync(join(root, "src/sdk/index.ts"))) return;
  await rm(join(dist, "types"), { recursive: true, force: true });
  const code = await exitCodeOf(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json"], root);
  // Declarations are written all the same; the type check proper is a part of `npm test`.
  if (code !== 0) console.warn("build: the declarations were written with type errors (see above)");
}

async function buildAll() {
  const started = performance.now();
  const types = process.argv.includes("--no-types") ? Promise.resolve() : buildTypes();
  const examples = buildExamples();
  const files = new Map((await Promise.all(groups.map(buildGroup))).flatMap((built) => [...built]));
  files.set(join(guestDir, "digest.txt"), Buffer.from(`${guestDigest(files, guestDir)}\n`));
  const changed = await writeChanged(files);
  const keepMs = process.argv.includes("--clean") ? 0 : 3_600_000;
  await removeStale(join(dist, "chunks"), files, { keepMs });
  // What travels into the guest is exactly what the digest covers.
  await Promise.all(["guest", "maps"].map((dir) => removeStale(join(dist, dir), files, { keepMs: 0 })));
  await Promise.all([types, examples]);
  console.log(`build: ${files.size} files, ${changed} changed, ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

try {
  await buildAll();
} catch (error) {
  const errors = error?.errors ?? [];
  console.error(errors.length > 0 ? (await formatMessages(errors, { kind: "error" })).join("") : error);
  process.exitCode = 1;
}
