import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The directory of the installed package, whichever of its bundled files this code ended up in. */
export function packageDir(): string {
  let dir = import.meta.dirname;
  while (!existsSync(join(dir, "package.json")) && dirname(dir) !== dir) dir = dirname(dir);
  return dir;
}
