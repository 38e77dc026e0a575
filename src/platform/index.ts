export { nowMs, stopwatch } from "./clock.ts";
export { readTextIfExists, writeFileAtomic } from "./files.ts";
export { hashOf } from "./hash.ts";
export { runId, shortId } from "./ids.ts";
export { packageDir } from "./package-dir.ts";
export { projectPaths, spectestHome } from "./paths.ts";
export { run, runAttached, type RunOptions, type RunResult } from "./process.ts";
export { Scope } from "./scope.ts";
