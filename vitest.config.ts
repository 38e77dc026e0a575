import { defineConfig } from "vitest/config";

const typescript = "test.ts?(x)";

/** Quick suites: no machine, many files at once. */
const quick = (name: string) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.${typescript}`], testTimeout: 60_000 },
});

/** Suites that boot real machines: one at a time, since each takes the memory and the cores of several. */
const onMachines = (name: string) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.${typescript}`],
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});

export default defineConfig({
  resolve: { alias: { spectest: new URL("./src/sdk/index.ts", import.meta.url).pathname } },
  test: {
    projects: [quick("unit"), quick("contract"), quick("tui"), quick("architecture"), onMachines("vm"), onMachines("e2e")],
    exclude: ["**/node_modules/**", "**/fixtures/**"],
  },
});
