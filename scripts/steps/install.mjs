/** Installs what package-lock.json says, only when node_modules is missing or something else. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { program } from "./steps.mjs";

export async function installIfNeeded(root) {
  const reason = await whyStale(root);
  if (reason === undefined) return "up to date";
  console.log(`npm install: ${reason}`);
  // Not `npm ci`: it refuses a lock file without the optional packages of other platforms, which not every registry carries.
  // This takes the locked versions all the same, and leaves the lock file alone.
  await program("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: root });
  const still = await whyStale(root);
  if (still !== undefined) throw new Error(`npm did not install what package-lock.json says: ${still}`);
  return reason;
}

/** npm records what it installed in node_modules/.package-lock.json. */
async function whyStale(root) {
  const wanted = await packagesOf(join(root, "package-lock.json"));
  const installed = await packagesOf(join(root, "node_modules/.package-lock.json")).catch(() => undefined);
  if (installed === undefined) return "node_modules is missing";
  const different = Object.entries(wanted).find(
    ([path, { version, optional }]) => path !== "" && (installed[path] ? installed[path].version !== version : !optional),
  );
  return different && `${different[0]} is not ${different[1].version}`;
}

async function packagesOf(lockFile) {
  return JSON.parse(await readFile(lockFile, "utf8")).packages;
}
