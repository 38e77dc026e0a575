// A project host without a project: speaks the daemon's messages and takes the environment from a JSON file in the bundle.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

let lastId = 0;
const pending = new Map();
const ask = (method, params, onItem) =>
  new Promise((resolve, reject) => {
    const id = ++lastId;
    pending.set(id, { resolve, reject, onItem });
    process.send({ kind: "call", id, method, params });
  });

let environment;
let forkId = "none";
const event = (seq, more) => ({ seq, id: `${forkId}-${seq}`, startMs: seq, kind: "log", level: "info", text: "", ...more });
const outcome = (id, status, more) => ({ id, status, durationMs: 1, events: [], terminals: [], serviceLogs: [], ...more });

const tests = {
  passes: async (emit) => {
    emit({ type: "phase", phase: "saying hello" });
    emit({ type: "event", event: event(0, { text: `fork ${forkId}` }) });
    return outcome("passes", "passed");
  },
  fails: async () => outcome("fails", "failed", { error: { name: "AssertionError", message: "expected 1 to be 2", diff: "- 2\n+ 1" } }),
  execs: async () => {
    let stdout = "";
    const { exitCode } = await ask("exec", { service: "cache", command: "echo from a test" }, (item) => {
      stdout += Buffer.from(item.data).toString();
    });
    return outcome("execs", "passed", { events: [event(0, { text: `${exitCode} ${stdout}` })] });
  },
  hangs: async (emit) => {
    emit({ type: "phase", phase: "spinning" });
    emit({ type: "event", event: event(0, { text: "before the loop" }) });
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (;;);
  },
  dies: async () => process.exit(3),
};

const methods = {
  loadEnvironment: ({ dir, entry }) => {
    environment = JSON.parse(readFileSync(`${dir}/${entry}`, "utf8"));
    return environment;
  },
  loadTests: () => ({
    tests: Object.keys(tests).map((id) => ({
      id,
      name: id,
      file: "spectest/index.ts",
      line: 1,
      after: [],
      timeoutMs: 300,
      tags: [],
      retries: 0,
      mode: "run",
    })),
  }),
  unload: () => undefined,
  serviceSetup: ({ name }, emit) => emit({ type: "log", level: "info", text: `set-up of ${name}` }),
  projectSetup: async () => {
    if (environment.failSetup) throw new Error("the author's setup threw");
  },
  runTest: ({ id }, emit) => tests[id](emit),
  evaluate: async ({ file }) => {
    const { default: value } = await import(file);
    return { resultJson: JSON.stringify(value), console: [] };
  },
  renew: (hello) => {
    forkId = hello.forkId;
  },
  cancel: () => undefined,
  ping: () => undefined,
};

process.on("message", async (message) => {
  if (message.kind === "reply") {
    const { resolve, reject } = pending.get(message.id);
    if (message.ok) resolve(message.result);
    else reject(Object.assign(new Error(message.error.message), message.error));
  } else if (message.kind === "item") pending.get(message.id)?.onItem?.(message.item);
  else if (message.kind === "call") {
    try {
      const result = await methods[message.method](message.params, (item) => process.send({ kind: "item", id: message.id, item }));
      process.send({ kind: "reply", id: message.id, ok: true, result });
    } catch (error) {
      process.send({ kind: "reply", id: message.id, ok: false, error: { name: error.name, message: error.message, stack: error.stack } });
    }
  }
});
createServer((request, response) => {
  const url = `${request.headers["x-forwarded-proto"]}://${request.headers.host}${request.url}`;
  response.end(`${request.headers["x-spectest-fake"]} saw ${request.method} ${url}`);
}).listen(process.env.SPECTEST_FAKES_SOCKET);
process.send({ kind: "ready" });
process.on("disconnect", () => process.exit());
