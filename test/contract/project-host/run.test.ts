import { request } from "node:http";
import { rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RecordedEvent } from "../../../src/protocol/index.ts";
import { testOutcomeSchema } from "../../../src/protocol/index.ts";
import { buildHost, type Harness, type HostFixture, startHost } from "./harness.ts";

const INDEX = `
import { defineEnvironment, dockerfile, postgres, redis, registry } from "spectest";
interface Charge { amount: number }
export const env = defineEnvironment({
  services: {
    db: postgres({ database: "shop" }),
    cache: redis(),
    api: {
      image: dockerfile("FROM spectest/node:24"),
      dependsOn: ["db", "cache"],
      readyCheck: { type: "http", port: 3000, path: "/health" },
      tls: [{ hostname: "shop.test", port: 3000 }],
      helpers: ({ name }) => ({ base: "http://" + name }),
    },
  },
  fakes: {
    stripe: {
      hostnames: ["api.stripe.com"],
      state: () => ({ charges: [] as Charge[] }),
      handler: async (request, state) => {
        if (new URL(request.url).pathname === "/boom") throw new Error("stripe is down");
        state.charges.push(await request.json() as Charge);
        return Response.json({ url: request.url, n: state.charges.length }, { status: 201 });
      },
      helpers: ({ state }) => ({ charges: () => state.charges, count: () => state.charges.length, later: async (n: number) => n * 2 }),
    },
  },
});
export const seen: string[] = [];
export default env.project({ setup: async (ctx) => { seen.push((await ctx.exec("api", "echo migrated")).stdout); console.log("set up"); } });
`;

const TESTS = `import { randomBytes, randomFillSync, randomInt, randomUUID } from "node:crypto";
import { expect, expectRaw, assert } from "spectest";
import { env, seen } from "../index";

const shared = new Map<string, number>();
export const signUp = env.test("sign up", async (ctx) => {
  shared.set("a", 1);
  const res = await ctx.fetch(process.env.TEST_URL + "/users", { method: "POST", body: JSON.stringify({ name: "Ada" }) });
  expect(res.status).toBe(201);
  const body = await res.json();
  return { userId: body.id, shared };
});
env.test("pay", { dependsOn: signUp, timeoutMs: 30_000, tags: ["slow"] }, async (ctx) => {
  expect(ctx.parent.shared).toBe(shared);
  expect(ctx.parent.userId).toBe("user-0001-abcdef");
  return ctx.parent.userId;
});
env.test("exec", async (ctx) => {
  const res = await ctx.exec("api", "printf 'one\\\\ntwo\\\\n'; echo oops >&2; exit 3");
  expect(res.exitCode).toBe(3);
  expect(res.stdout).toBe("one\\ntwo\\n");
  expect(res).toEqual({ stdout: "one\\ntwo\\n", stderr: "oops\\n", exitCode: 3 });
  expect({ ...res }).toEqual(res.unwrap());
  expect(JSON.parse(JSON.stringify(res)).exitCode).toBe(3);
  const three = 3;
  void res.exitCode;
  expect(three).toBe(3);
  const code = res.exitCode;
  expect(code).toBe(3);
  expect(res.exitCode === 3).toBe(true);
  expect(typeof res.stdout).toBe("string");
  assert(res.exitCode === 3);
  expectRaw(1).toBe(1);
});
env.test("fails with a diff", async () => {
  expect({ a: 1, b: [1, 2] }).toEqual({ a: 1, b: [1, 3] });
});
env.test("soft", async () => {
  expect.soft(1).toBe(2);
  expect.soft("x").toBe("y");
  expect(3).toBe(3);
});
env.test("matchers", async (ctx) => {
  await expect(Promise.resolve(3)).resolves.toBe(3);
  await expect(Promise.reject(new Error("no"))).rejects.toThrow("no");
  expect([1]).not.toContain(2);
  expect({ id: 7, at: "now" }).toEqual({ id: expect.any(Number), at: expect.stringContaining("no") });
  let n = 0;
  await expect.poll(() => ++n, { intervalMs: 1 }).toBeGreaterThan(2);
  expect(() => { throw new RangeError("far"); }).toThrow(RangeError);
});
env.test("poll", async (ctx) => {
  let n = 0;
  const value = await ctx.poll("third time", async () => {
    await ctx.exec("api", "echo " + ++n);
    return n === 3 ? { n } : undefined;
  }, { intervalMs: 5 });
  expect(value).toEqual({ n: 3 });
});
env.test("poll gives up", async (ctx) => {
  await ctx.poll("never", () => 0, { timeoutMs: 60, intervalMs: 20 });
});
env.test("fake", async (ctx) => {
  expect(ctx.fakes.stripe.count()).toBe(1);
  expect(ctx.fakes.stripe.charges()).toEqual([{ amount: 5 }]);
  expect(await ctx.fakes.stripe.later(4)).toBe(8);
  expect(seen).toEqual(["migrated\\n"]);
  expect(ctx.svc.api.base).toBe("http://api");
  expect(ctx.svc.db.url).toBe("postgres://postgres@db/shop");
});
env.test("console and steps", async (ctx) => {
  console.warn("careful %d", 3);
  await ctx.step("outer", async () => { await ctx.exec("api", "true"); });
  console.log("done");
});
env.test("too slow", { timeoutMs: 200 }, async (ctx) => {
  await ctx.step("waiting", async () => { await ctx.exec("api", "sleep 30"); });
});
env.test("unhandled", async () => {
  void Promise.reject(new Error("nobody waited"));
  await new Promise((resolve) => setTimeout(resolve, 20));
});
env.test.fails("known bug", () => { expect(1).toBe(2); });
env.test("throws", async () => { const deep = () => { throw new TypeError("deep trouble"); }; deep(); });
env.test("names", async (ctx) => {
  await ctx.dnsName("*.x.test", { ingress: true });
  const started = await ctx.startService({ name: "extra", image: { type: "registry", reference: "r" } });
  expect(started.ip).toBe("172.30.0.9");
  await ctx.stopService("extra");
});
env.test("random", async () => {
  expect(new Set(Array.from({ length: 50 }, () => Math.random())).size).toBe(50);
  expect(randomUUID()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(crypto.randomUUID()).not.toBe(randomUUID());
  expect(randomBytes(16).equals(randomBytes(16))).toBe(false);
  expect(randomInt(3, 4)).toBe(3);
  expect(crypto.getRandomValues(new Uint32Array(4))).toHaveLength(4);
  const part = randomFillSync(new Uint8Array(8), 4);
  expect([...part.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
  expect(await new Promise((resolve) => randomBytes(3, (_error, bytes) => resolve(bytes.length)))).toBe(3);
});
env.test("no browser", async (ctx) => { await ctx.browser(); });
env.test("terminal", async (ctx) => {
  const ran = await ctx.terminal("api", "stty size; exit 4");
  expect(ran.exitCode).toBe(4);
  expect(ran.output).toContain("24 80");
  const term = await ctx.openTerminal("api", { command: ["cat"], cols: 40, rows: 10 });
  await term.sendLine("hello");
  await term.waitFor(/hello\\nhello/);
  expect(term.screen()).toBe("hello\\nhello");
  await term.resize(60, 12);
  await term.press("ctrl+d");
  expect(await term.exited).toBe(0);
});
env.test("leaves a terminal open", async (ctx) => {
  const term = await ctx.openTerminal("api", { command: "echo hi; sleep 60" });
  await term.waitFor("hi");
});
`;

const kinds = (events: readonly RecordedEvent[], kind: RecordedEvent["kind"]) => events.filter((event) => event.kind === kind);
function assertions(events: readonly RecordedEvent[]) {
  return events.flatMap((event) => (event.kind === "assertion" ? [event] : []));
}

describe("the project host over IPC", () => {
  let fixture: HostFixture;
  let host: Harness;
  let web: Server;

  beforeAll(async () => {
    web = createServer((incoming, outgoing) => {
      outgoing.writeHead(201, { "content-type": "application/json" }).end('{"id":"user-0001-abcdef"}');
      incoming.resume();
    });
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    const address = web.address();
    process.env["TEST_URL"] = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    fixture = await buildHost();
    host = await startHost(fixture, {
      "package.json": "{}",
      "spectest/index.ts": INDEX,
      "spectest/tests/all.ts": TESTS.replace("process.env.TEST_URL", JSON.stringify(process.env["TEST_URL"])),
    });
    await host.peer.call("projectSetup", {});
  }, 60_000);
  afterAll(async () => {
    await host.close();
    web.close();
    await rm(fixture.dir, { recursive: true, force: true });
  });

  it("describes environment and tests", () => {
    expect(host.environment.services.map(({ name, hasSetup, hasHelpers }) => [name, hasSetup, hasHelpers])).toEqual([
      ["db", true, true],
      ["cache", true, true],
      ["api", false, true],
    ]);
    expect(host.environment.fakes).toEqual([{ name: "stripe", hostnames: ["api.stripe.com"], port: 80, secretRefs: [] }]);
    expect(host.environment.hasSetup).toBe(true);
    expect(host.tests[1]).toEqual({
      id: "spectest/tests/all.ts > pay",
      name: "pay",
      file: "spectest/tests/all.ts",
      line: 13,
      parent: "spectest/tests/all.ts > sign up",
      after: [],
      timeoutMs: 30_000,
      tags: ["slow"],
      retries: 0,
      mode: "run",
    });
  });

  it("runs a test, records fetch and assertion, and hands the same value to its child", async () => {
    const { outcome } = await host.run("sign up");
    expect(outcome.error).toBeUndefined();
    expect(testOutcomeSchema.parse(outcome)).toEqual(outcome);
    const [http, assertion] = outcome.events;
    expect(http).toMatchObject({
      kind: "http",
      method: "POST",
      status: 201,
      requestBody: { text: '{"name":"Ada"}' },
      responseBody: { text: '{"id":"user-0001-abcdef"}', truncated: false },
    });
    expect(assertion).toMatchObject({
      kind: "assertion",
      matcher: "toBe",
      pass: true,
      expected: "201",
      actual: "201",
      at: { file: "spectest/tests/all.ts", line: 9 },
      provenance: { seq: http?.seq, path: "status" },
    });
    const child = (await host.run("pay")).outcome;
    expect(child.error).toBeUndefined();
    expect(child.status).toBe("passed");
  });

  it("keeps results plain, and says where values came from only when it knows", async () => {
    const { outcome, items } = await host.run("exec");
    expect(outcome.error).toBeUndefined();
    const [exec] = kinds(outcome.events, "exec");
    expect(exec).toMatchObject({ service: "api", exitCode: 3, stdout: "one\ntwo\n", stderr: "oops\n" });
    const from = assertions(outcome.events).map((event) => event.provenance?.path);
    // exitCode · stdout · the object · a spread of it · JSON · a constant · a variable · a comparison · typeof
    expect(from).toEqual(
      ["exitCode", undefined, "", undefined, undefined, undefined, undefined, undefined, undefined].map((path, index) =>
        index === 1 ? "stdout" : path,
      ),
    );
    expect(outcome.terminals[0]?.frames.map(([, data]) => data).join("")).toContain("one\r\ntwo\r\n");
    expect(items.filter((item) => item.type === "terminal-opened")).toHaveLength(1);
  });

  it("explains a failure: message, difference, place, own frames only", async () => {
    const { error } = (await host.run("fails with a diff")).outcome;
    expect(error?.message).toContain("expect(received).toEqual(expected)");
    expect(error?.diff).toContain("-     3,");
    expect(error?.diff).toContain("+     2,");
    expect(error?.at).toMatchObject({ file: "spectest/tests/all.ts" });
    expect(`${error?.message}${error?.stack}`).not.toContain("\u001b");
    expect(error?.stack).not.toContain("host.mjs");
    const thrown = (await host.run("throws")).outcome.error;
    expect(thrown).toMatchObject({ name: "TypeError", message: "deep trouble", at: { file: "spectest/tests/all.ts" } });
    expect(thrown?.stack).toContain("spectest/tests/all.ts:");
  });

  it("gathers soft failures, and inverts a test marked .fails", async () => {
    const { outcome } = await host.run("soft");
    expect(outcome.error?.message).toContain("2 soft assertions failed");
    expect(assertions(outcome.events).map((event) => event.pass)).toEqual([false, false, true]);
    expect((await host.run("known bug")).outcome.status).toBe("passed");
  });

  it("has resolves, rejects, not, asymmetric matchers and expect.poll", async () => {
    const { outcome } = await host.run("matchers");
    expect(outcome.error).toBeUndefined();
    expect(assertions(outcome.events).map((event) => event.matcher)).toEqual([
      "resolves.toBe",
      "rejects.toThrow",
      "not.toContain",
      "toEqual",
      "toBeGreaterThan",
      "toThrow",
    ]);
  });

  it("keeps only the last attempt of a poll", async () => {
    const { outcome, items } = await host.run("poll");
    expect(outcome.error).toBeUndefined();
    const [wait] = kinds(outcome.events, "wait");
    expect(wait).toMatchObject({ description: "third time", attempts: 3, lastSeen: "undefined" });
    expect(kinds(outcome.events, "exec")).toMatchObject([{ command: "echo 3", parentSeq: wait?.seq }]);
    expect(outcome.terminals).toHaveLength(1);
    expect(items.filter((item) => item.type === "terminal-opened")).toHaveLength(1);
    expect(assertions(outcome.events)[0]?.provenance).toEqual({ seq: wait?.seq, path: "" });
    const failed = (await host.run("poll gives up")).outcome.error;
    expect(failed).toMatchObject({ code: "TIMEOUT" });
    expect(failed?.message).toMatch(/poll "never" gave up after 60 ms; tried \d+ times, last seen: 0/);
  });

  it("serves fakes over the socket and records their helpers", async () => {
    expect(await post(host.socket, "/v1/charges", '{"amount":5}')).toEqual({
      status: 201,
      body: '{"url":"https://api.stripe.com/v1/charges","n":1}',
    });
    expect(await post(host.socket, "/boom", "{}")).toEqual({ status: 500, body: "stripe is down" });
    const { outcome } = await host.run("fake");
    expect(outcome.error).toBeUndefined();
    expect(kinds(outcome.events, "fake")).toMatchObject([
      { fake: "stripe", member: "count", args: "", result: "1" },
      { member: "charges", result: "[ { amount: 5 } ]" },
      { member: "later", args: "4", result: "8" },
    ]);
    expect(assertions(outcome.events)[0]?.provenance).toEqual({ seq: 1, path: "" });
  });

  it("records console and steps in order", async () => {
    const { outcome } = await host.run("console and steps");
    expect(outcome.events.map((event) => event.kind)).toEqual(["log", "step", "exec", "log"]);
    expect(outcome.events[0]).toMatchObject({ level: "warn", text: "careful 3" });
    expect(outcome.events[2]).toMatchObject({ parentSeq: outcome.events[1]?.seq });
  });

  it("aborts what runs when the time is up and names it", async () => {
    const { outcome } = await host.run("too slow");
    expect(outcome.durationMs).toBeLessThan(3_000);
    expect(outcome.error).toMatchObject({ code: "TIMEOUT" });
    expect(outcome.error?.message).toContain("within 200 ms; it was in exec api: sleep 30");
  });

  it("fails a test with an unhandled rejection, and the host lives on", async () => {
    expect((await host.run("unhandled")).outcome.error?.message).toContain("nobody waited");
    await host.peer.call("ping", {});
  });

  it("passes names and services on, and has no browser yet", async () => {
    const { outcome } = await host.run("names");
    expect(outcome.error).toBeUndefined();
    expect(kinds(outcome.events, "env").map((event) => ("detail" in event ? event.detail : ""))).toEqual([
      "name *.x.test → ingress",
      "start service extra",
      "stop service extra",
    ]);
    expect(host.asked).toHaveLength(3);
    expect((await host.run("no browser")).outcome.error).toMatchObject({ code: "HOST_MISSING" });
  });

  it("drives terminals and ends those left open", async () => {
    const { outcome } = await host.run("terminal");
    expect(outcome.error).toBeUndefined();
    expect(kinds(outcome.events, "terminal")).toMatchObject([{ exitCode: 4 }, { exitCode: 0 }]);
    expect(kinds(outcome.events, "terminal-step").map((event) => ("action" in event ? event.action : ""))).toEqual([
      'type "hello"',
      "wait for /hello\\nhello/",
      "resize 60×12",
      "press ctrl+d",
    ]);
    const left = (await host.run("leaves a terminal open")).outcome;
    expect(left.status).toBe("passed");
    expect(left.durationMs).toBeLessThan(5_000);
  });

  it("refuses a second run meanwhile, and an unknown test", async () => {
    const first = host.run("too slow");
    await expect(host.run("pay")).rejects.toMatchObject({ code: "DAEMON_CONFLICT" });
    await first;
    await expect(host.peer.call("runTest", { id: "nothing", attempt: 1, timeoutMs: 1 })).rejects.toMatchObject({
      code: "DAEMON_NOT_FOUND",
    });
  });

  it("names ids by fork and renews randomness", async () => {
    await host.peer.call("renew", { forkId: "f42", entropyHex: "ab".repeat(32), wallClockMs: Date.now() });
    const { outcome } = await host.run("console and steps");
    expect(outcome.events.every((event) => event.id.startsWith("f42."))).toBe(true);
    const random = (await host.run("random")).outcome;
    expect(random.error).toBeUndefined();
  });
});

function post(socketPath: string, path: string, body: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { host: "api.stripe.com", "x-spectest-fake": "stripe", "x-forwarded-proto": "https" };
    const outgoing = request({ socketPath, path, method: "POST", headers }, (incoming) => {
      let text = "";
      incoming.setEncoding("utf8");
      incoming.on("data", (chunk: string) => (text += chunk));
      incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, body: text }));
    });
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}
