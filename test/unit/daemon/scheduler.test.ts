import { expect, test } from "vitest";
import { BringUpError, type BringUpSteps, runBringUp } from "../../../daemon/bring-up/scheduler.ts";

interface Item {
  name: string;
  dependsOn: string[];
}
const item = (name: string, ...dependsOn: string[]): Item => ({ name, dependsOn });

/** Steps that finish when the test says so; a fake clock of 10 ms a step. */
function control() {
  const log: string[] = [];
  const waiting = new Map<string, { resolve(): void; reject(error: Error): void }>();
  let nowMs = 0;
  const step = (name: string, signal: AbortSignal): Promise<void> => {
    log.push(name);
    return new Promise((resolve, reject) => {
      waiting.set(name, { resolve, reject });
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  };
  const steps: BringUpSteps<Item> = {
    nowMs: () => nowMs,
    prepare: async ({ name }, signal) => {
      await step(`prepare ${name}`, signal);
      return { slowestSteps: [] };
    },
    run: ({ name }, signal) => step(`run ${name}`, signal),
    ready: ({ name }, signal) => step(`ready ${name}`, signal),
    setup: ({ name }, signal) => step(`setup ${name}`, signal),
    onReady: ({ name }) => void log.push(`up ${name}`),
    onFailed: ({ name }) => void log.push(`failed ${name}`),
    onCancelled: ({ name }, because) => void log.push(`cancelled ${name}${because ? ` because of ${because.failed}` : ""}`),
  };
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  const finish = async (...names: string[]): Promise<void> => {
    for (const name of names) {
      nowMs += 10;
      const entry = waiting.get(name);
      if (!entry) throw new Error(`${name} is not in progress; so far ${log.join(", ")}`);
      waiting.delete(name);
      entry.resolve();
      await settle();
    }
  };
  const fail = async (name: string): Promise<void> => {
    waiting.get(name)?.reject(new Error(`${name} broke`));
    await settle();
  };
  return { steps, log, finish, fail, settle, inProgress: () => [...waiting.keys()] };
}

const whole = (name: string): string[] => [`run ${name}`, `ready ${name}`, `setup ${name}`];
const { signal } = new AbortController();

test("images are prepared at once; a service runs when its own image and its dependencies are through", async () => {
  const { steps, finish, settle, inProgress } = control();
  const done = runBringUp([item("db"), item("api", "db"), item("slow")], steps, signal);
  await settle();
  expect(inProgress()).toEqual(["prepare db", "prepare api", "prepare slow"]);
  await finish("prepare api");
  expect(inProgress()).not.toContain("run api");
  await finish("prepare db", "run db", "ready db");
  expect(inProgress()).not.toContain("run api");
  await finish("setup db");
  expect(inProgress()).toEqual(["prepare slow", "run api"]);
  await finish(...whole("api"), "prepare slow", ...whole("slow"));
  expect((await done).map(({ service }) => service)).toEqual(["slow", "db", "api"]);
});

test("no barrier by level: a slow branch delays nobody, and what several need starts once", async () => {
  const { steps, finish, settle, log } = control();
  const done = runBringUp([item("a"), item("b"), item("x", "a"), item("y", "a"), item("z", "b")], steps, signal);
  await settle();
  await finish("prepare a", "prepare x", "prepare y", ...whole("a"), ...whole("x"), ...whole("y"));
  expect(log).toContain("up y");
  expect(log).not.toContain("run b");
  expect(log.filter((line) => line === "run a")).toHaveLength(1);
  await finish("prepare b", "prepare z", ...whole("b"), ...whole("z"));
  await done;
});

test("a failure names its service, fails its dependents with it and cancels the rest", async () => {
  const { steps, finish, fail, settle, log } = control();
  const done = runBringUp([item("db"), item("api", "db"), item("web", "api"), item("other")], steps, signal);
  const failed = expect(done).rejects.toMatchObject({ service: "db", cause: { message: "run db broke" } });
  await settle();
  await finish("prepare db", "prepare api");
  await fail("run db");
  await failed;
  expect(log).toContain("failed db");
  expect(log).toContain("cancelled api because of db");
  expect(log).toContain("cancelled web because of db");
  expect(log).toContain("cancelled other");
  expect(log.filter((line) => line.startsWith("failed"))).toHaveLength(1);
  await expect(done).rejects.toBeInstanceOf(BringUpError);
});

test("cycles, unknown names and duplicates are refused before anything starts", async () => {
  const { steps, log } = control();
  await expect(runBringUp([item("a", "b"), item("b", "a")], steps, signal)).rejects.toMatchObject({ code: "GRAPH_CYCLE" });
  await expect(runBringUp([item("a", "nope")], steps, signal)).rejects.toThrow(
    "service a depends on nope, which does not exist; there are a",
  );
  await expect(runBringUp([item("a"), item("a")], steps, signal)).rejects.toMatchObject({ code: "PROJECT_INVALID" });
  expect(log).toEqual([]);
});

test("cancelling from outside ends everything and throws the reason", async () => {
  const { steps, settle, log } = control();
  const abort = new AbortController();
  const done = runBringUp([item("a"), item("b", "a")], steps, abort.signal);
  await settle();
  abort.abort(new Error("enough"));
  await expect(done).rejects.toThrow("enough");
  expect(log.filter((line) => line.startsWith("cancelled"))).toHaveLength(2);
});
