import { writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { BootstrapLine, RunTestLine } from "../../../src/protocol/index.ts";
import { bundleOf, HASH, openStand, shop, type Stand } from "./stand.ts";

let stand: Stand;
let undo: (() => Promise<void> | void)[] = [];
beforeEach(async () => {
  stand = await openStand((step) => undo.push(step));
});
afterEach(async () => {
  for (const step of undo.reverse()) await step();
  undo = [];
  expect(stand.defects).toEqual([]);
});

const hello = { protocol: 1, forkId: "fork-1", wallClockMs: 0, entropyHex: "ab".repeat(32) };

async function all<T>(lines: AsyncIterable<T>): Promise<T[]> {
  const seen: T[] = [];
  for await (const line of lines) seen.push(line);
  return seen;
}

async function load(environment: object = shop(stand.ports)): Promise<void> {
  await stand.guest.uploadBundle({ hash: HASH }, bundleOf(environment));
  await stand.guest.loadEnvironment({ hash: HASH, entry: "spectest/index.json" });
}

async function up(environment?: object): Promise<BootstrapLine[]> {
  await load(environment);
  return await all(stand.guest.bootstrap({}));
}

async function outcomeOf(id: string): Promise<Extract<RunTestLine, { type: "outcome" }>["outcome"]> {
  const last = (await all(stand.guest.runTest({ id, attempt: 1 }))).at(-1);
  if (last?.type !== "outcome") throw new Error("no outcome");
  return last.outcome;
}

test("hello renews the fork, tells what is loaded, and is refused for another fork or protocol", async () => {
  expect(await stand.guest.hello(hello)).toEqual({ protocol: 1, daemonDigest: "abcd", forkId: "fork-1", ready: false });
  await writeFile(join(stand.dir, "identity.json"), JSON.stringify({ forkId: "fork-2" }));
  await expect(stand.guest.hello(hello)).rejects.toMatchObject({
    code: "DAEMON_CONFLICT",
    message: "this machine is fork fork-2, not fork-1",
  });
  await load();
  expect(await stand.guest.hello({ ...hello, forkId: "fork-2" })).toMatchObject({ environmentHash: HASH, ready: false });
  await expect(stand.guest.hello({ ...hello, protocol: 99 })).rejects.toMatchObject({ code: "DAEMON_BAD_REQUEST" });
});

test("a bring-up streams states in order, publishes names, and serves the ingress with a trusted certificate", async () => {
  const lines = await up();
  const states = lines.flatMap((line) => (line.type === "service" ? [`${line.service} ${line.state}`] : []));
  expect(states.indexOf("cache ready")).toBeLessThan(states.indexOf("api starting"));
  expect(lines.at(-1)).toMatchObject({ type: "done" });
  expect(lines).toContainEqual(expect.objectContaining({ type: "notice", message: "cache: set-up of cache" }));
  expect(lines.filter((line) => line.type === "setup").map((line) => line.state)).toEqual(["started", "done"]);
  expect(await stand.hosts()).toContain("api api.internal api.example");
  expect(await stand.hosts()).toContain("shop.test");

  const { certPem } = await stand.world.authority();
  const over = (send: typeof httpRequest, port: number, host: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port, headers: { host }, path: "/x?y", ca: certPem, servername: host };
      send(options, async (response) => resolve(`${response.statusCode} ${Buffer.concat(await all(response)).toString()}`))
        .on("error", reject)
        .end();
    });
  expect(await over(httpsRequest, stand.ports.https, "shop.test")).toBe("200 upstream /x?y");
  expect(await over(httpRequest, stand.ports.http, "SHOP.test:80")).toBe("200 upstream /x?y");
  expect(stand.asked).toContain("GET shop.test /x?y");
  expect(await over(httpsRequest, stand.ports.https, "api.stripe.com")).toBe("200 stripe saw GET https://api.stripe.com/x?y");
  expect(await over(httpRequest, stand.ports.http, "other.test")).toContain("404 no service or fake answers for the host other.test");
  expect((await stand.guest.services()).services.map(({ name, state, ip }) => [name, state, ip])).toEqual([
    ["cache", "ready", "127.0.0.1"],
    ["api", "ready", "127.0.0.1"],
  ]);
});

test("a second bring-up, and a load over a running environment, are conflicts", async () => {
  await load();
  const first = all(stand.guest.bootstrap({}));
  await expect(all(stand.guest.bootstrap({}))).rejects.toMatchObject({ code: "DAEMON_CONFLICT" });
  expect((await first).at(-1)?.type).toBe("done");
  await expect(all(stand.guest.bootstrap({}))).rejects.toMatchObject({ code: "DAEMON_CONFLICT", message: "the environment is up already" });
  await expect(stand.guest.loadEnvironment({ hash: HASH, entry: "spectest/index.json" })).rejects.toMatchObject({
    code: "DAEMON_CONFLICT",
  });
  await stand.guest.unload();
  expect((await stand.guest.services()).services).toEqual([]);
});

test("a container that ends while it is waited for fails at once, with its log, and so do its dependents", async () => {
  const environment = { ...shop(stand.ports), services: [service("db", { type: "tcp", port: 1 }), service("web", undefined, ["db"])] };
  await load(environment);
  const lines: BootstrapLine[] = [];
  for await (const line of stand.guest.bootstrap({})) {
    lines.push(line);
    if (
      line.type === "service" &&
      line.state === "probing" &&
      lines.filter((l) => l.type === "service" && l.state === "probing").length === 2
    ) {
      stand.docker.die("db", 4);
    }
  }
  expect(lines.at(-1)).toMatchObject({ type: "failed", service: "db", error: { code: "SERVICE_FAILED" } });
  const failed = lines.filter((line) => line.type === "service" && line.state === "failed");
  expect(failed).toContainEqual(expect.objectContaining({ service: "db", logTail: ["db out", "db err"] }));
  expect(failed).toContainEqual(expect.objectContaining({ service: "web", detail: "needs db, which failed" }));
  expect(stand.docker.started).toEqual(["db"]);
});

test("an unknown dependency is refused before anything starts; a failing set-up hook fails the bring-up", async () => {
  const broken = await up({ ...shop(stand.ports), services: [service("web", undefined, ["nope"])] });
  expect(broken).toEqual([expect.objectContaining({ type: "failed", error: expect.objectContaining({ code: "GRAPH_UNKNOWN" }) })]);
  expect(stand.docker.started).toEqual([]);
  await stand.guest.uploadBundle({ hash: "ffffffff" }, bundleOf(shop(stand.ports, { failSetup: true })));
  // The stand-in host validates nothing, the daemon's own schema of the answer does.
  await expect(stand.guest.loadEnvironment({ hash: "ffffffff", entry: "spectest/index.json" })).rejects.toMatchObject({ code: "DAEMON" });
  const lines = await all(stand.guest.bootstrap({}));
  expect(lines.at(-1)).toMatchObject({
    type: "failed",
    error: { code: "SETUP_FAILED", message: "the project's setup failed: the author's setup threw" },
  });
});

test("tests run one at a time; failures bring logs; what the host asks of the daemon is answered", async () => {
  await up();
  await stand.guest.loadTests({ hash: HASH, entries: [] });
  await stand.guest.hello(hello);
  expect(await all(stand.guest.runTest({ id: "passes", attempt: 1 }))).toMatchObject([
    { type: "event", event: { text: "fork fork-1" } },
    { type: "outcome", outcome: { status: "passed", serviceLogs: [] } },
  ]);
  const failed = await outcomeOf("fails");
  expect(failed.error).toMatchObject({ name: "AssertionError", diff: "- 2\n+ 1" });
  expect(failed.serviceLogs).toContainEqual({ service: "cache", stdout: "cache out\n", stderr: "cache err\n", truncated: false });
  expect((await outcomeOf("execs")).events[0]).toMatchObject({ text: "7 sh -c echo from a test\n" });
  await expect(outcomeOf("nothing")).rejects.toMatchObject({ code: "DAEMON_NOT_FOUND", message: "no test nothing is loaded" });
  const running = outcomeOf("hangs");
  await expect(outcomeOf("passes")).rejects.toMatchObject({ code: "DAEMON_CONFLICT" });
  await running;
});

test("an endless loop in a test does not silence the daemon: it fails the test, names the phase, and says so afterwards", async () => {
  await up();
  await stand.guest.loadTests({ hash: HASH, entries: [] });
  const running = outcomeOf("hangs");
  expect((await stand.guest.services()).services).toHaveLength(2);
  const outcome = await running;
  expect(outcome).toMatchObject({ status: "failed", error: { code: "TIMEOUT", message: expect.stringContaining("phase: spinning") } });
  expect(outcome.events).toMatchObject([{ text: "before the loop" }]);
  expect(outcome.serviceLogs).toHaveLength(2);
  expect((await outcomeOf("passes")).error?.message).toContain("this machine cannot run tests any more");
});

test("a host that dies fails the test with what it was", async () => {
  await up();
  await stand.guest.loadTests({ hash: HASH, entries: [] });
  expect((await outcomeOf("dies")).error?.message).toContain("the project host is gone (exit code 3)");
});

test("exec, logs and terminals stream; a two-way stream takes input and sizes", async () => {
  await up();
  const lines = await all(stand.guest.exec({ service: "api", argv: ["echo", "hi"], stdin: "typed" }));
  const text = lines.map((line) =>
    line.type === "output" ? `${line.stream} ${Buffer.from(line.dataBase64, "base64").toString()}` : line.exitCode,
  );
  expect(text).toEqual(["stdout echo hi\n", "stderr typed", 7]);
  await expect(all(stand.guest.exec({ service: "nope", argv: ["x"] }))).rejects.toMatchObject({
    code: "DAEMON_NOT_FOUND",
    message: "no service nope; there are cache, api",
  });
  expect(await all(stand.guest.logs({ service: "api", follow: true }))).toEqual([
    { stream: "stdout", text: "one" },
    { stream: "stdout", text: "two" },
  ]);
  const terminal = stand.guest.terminal();
  terminal.send({ type: "open", request: { service: "api", cols: 80, rows: 24, argv: ["vi"] } });
  terminal.send({ type: "resize", cols: 100, rows: 30 });
  const seen: string[] = [];
  for await (const line of terminal.lines) {
    if (line.type === "exit") seen.push(`exit ${line.exitCode}`);
    else seen.push(Buffer.from(line.dataBase64, "base64").toString());
    if (seen.at(-1) === "100x30") terminal.send({ type: "input", dataBase64: Buffer.from("exit").toString("base64") });
  }
  expect(seen).toEqual(["vi\n", "100x30", "exit", "exit 7"]);
});

test("a tunnel reaches a service by its name, and a refused one says why", async () => {
  await up();
  const socket = await stand.guest.tunnel("api", stand.ports.service);
  socket.write("GET /through HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  expect(Buffer.concat(await all(socket)).toString()).toContain("upstream /through");
  await expect(stand.guest.tunnel("127.0.0.1", 1)).rejects.toMatchObject({ message: expect.stringContaining("127.0.0.1:1") });
});

test("malformed bodies, broken uploads and unknown bundles are refused by kind", async () => {
  const wrong: { id: string; attempt: number } = { id: "", attempt: 0 };
  await expect(all(stand.guest.runTest(wrong))).rejects.toMatchObject({
    code: "DAEMON_BAD_REQUEST",
    message: expect.stringContaining("id: "),
  });
  await expect(stand.guest.loadEnvironment({ hash: HASH, entry: "x" })).rejects.toMatchObject({ code: "DAEMON_NOT_FOUND" });
  await expect(stand.guest.uploadBundle({ hash: HASH }, Readable.from([Buffer.alloc(2000, "no tar")]))).rejects.toMatchObject({
    code: "DAEMON_BAD_REQUEST",
  });
  await expect(stand.guest.uploadBundle({ hash: "../x" }, bundleOf({}))).rejects.toMatchObject({ code: "DAEMON_BAD_REQUEST" });
  await expect(stand.guest.environment()).rejects.toMatchObject({ code: "DAEMON_NOT_FOUND", message: "no environment is loaded" });
});

test("an evaluation answers with its default export", async () => {
  expect(await stand.guest.evaluate({ code: "export default { sum: 1 + 1 };" })).toEqual({ resultJson: '{"sum":2}', console: [] });
});

test("deadlines and signals end a call by name; leaving a stream kills its process; a dead channel fails every call once", async () => {
  await up();
  const slow = { code: "await new Promise((resolve) => setTimeout(resolve, 500)); export default 1;" };
  const late = { code: "TIMEOUT", message: "evaluate: the daemon did not answer within 20 ms" };
  await expect(stand.guest.evaluate(slow, { timeoutMs: 20 })).rejects.toMatchObject(late);
  const abort = new AbortController();
  const sleeping = all(stand.guest.exec({ service: "api", argv: ["sleep"] }, { signal: abort.signal }));
  setTimeout(() => abort.abort(), 20);
  await expect(sleeping).rejects.toMatchObject({ code: "CANCELLED" });
  const other = await stand.connect();
  const calls = [all(other.exec({ service: "api", argv: ["sleep"] })), all(other.exec({ service: "api", argv: ["sleep"] }))];
  setTimeout(() => other.close(), 20);
  for (const result of await Promise.allSettled(calls)) {
    expect(result).toMatchObject({ status: "rejected", reason: { code: "CHANNEL" } });
  }
  expect(await other.closed).toBeUndefined();
  await expect(other.services()).rejects.toMatchObject({ code: "CHANNEL" });
});

function service(name: string, readyCheck?: object, dependsOn: string[] = []): object {
  const image = { type: "registry", reference: "spectest/redis:8" };
  return { name, hasSetup: false, hasHelpers: false, spec: { image, dependsOn, ...(readyCheck === undefined ? {} : { readyCheck }) } };
}
