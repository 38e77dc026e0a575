import { expect, test } from "vitest";
import { toLogLines } from "../../../daemon/api/logLines.ts";
import { matchRoute } from "../../../daemon/api/router.ts";
import { statusOf } from "../../../daemon/api/server.ts";
import { parseAuthority } from "../../../daemon/api/tunnel.ts";
import { createExclusive } from "../../../daemon/exclusive.ts";
import { newest } from "../../../daemon/services/logs.ts";
import { SpectestError } from "../../../src/errors/index.ts";
import { decodeLines } from "../../../src/protocol/ndjson.ts";

test("requests find their route by method and path; parameters are decoded", () => {
  expect(matchRoute("POST", "/v1/hello?x=1")).toEqual({ type: "found", name: "hello", params: {} });
  expect(matchRoute("PUT", "/v1/bundles/ab%20c")).toEqual({ type: "found", name: "uploadBundle", params: { hash: "ab c" } });
  expect(matchRoute("PATCH", "/v1/environment")).toEqual({ type: "wrong-method", allowed: ["POST", "GET", "DELETE"] });
  for (const path of ["/v1/bundles/", "/v1/bundles/a/b", "/v1/bundles/%zz", "/v2/hello", "/", ""]) {
    expect(matchRoute("PUT", path)).toEqual({ type: "unknown" });
  }
});

test("errors become 400, 404, 409 or 500", () => {
  const status = (code: ConstructorParameters<typeof SpectestError>[0]): number => statusOf(new SpectestError(code, { what: "x" }));
  expect([
    status("DAEMON_BAD_REQUEST"),
    status("DAEMON_NOT_FOUND"),
    status("DAEMON_CONFLICT"),
    status("SETUP_FAILED"),
    statusOf("?"),
  ]).toEqual([400, 404, 409, 500, 500]);
});

test("tunnels name a host and a port", () => {
  expect(parseAuthority("db:5432")).toEqual({ host: "db", port: 5432 });
  expect(parseAuthority("[::1]:80")).toEqual({ host: "::1", port: 80 });
  for (const wrong of ["db", "db:0", "db:99999", ":80", "::1:80", "a b:c"]) expect(parseAuthority(wrong)).toBeUndefined();
});

test("only one work at a time, and the next may begin after a failure", async () => {
  const exclusive = createExclusive();
  const first = exclusive.run("a bring-up", () => Promise.reject(new Error("it failed")));
  await expect(exclusive.run("the test t", async () => 1)).rejects.toMatchObject({
    code: "DAEMON_CONFLICT",
    message: "the test t must wait: a bring-up is in progress",
  });
  await expect(first).rejects.toThrow("it failed");
  expect(await exclusive.run("the test t", async () => 1)).toBe(1);
});

test("log lines survive any split, a letter's bytes included, and streams do not mix", async () => {
  async function* output() {
    const text = Buffer.from("grün\nlast");
    for (const byte of text) yield { stream: "stdout" as const, data: Buffer.from([byte]) };
    yield { stream: "stderr" as const, data: Buffer.from("oops\n") };
  }
  const lines: unknown[] = [];
  for await (const line of toLogLines(output())) lines.push(line);
  expect(lines).toEqual([
    { stream: "stdout", text: "grün" },
    { stream: "stderr", text: "oops" },
    { stream: "stdout", text: "last" },
  ]);
});

test("a log keeps its newest 256 KiB, from a line's start", () => {
  expect(newest("short")).toEqual({ text: "short", cut: false });
  const { text, cut } = newest(`${"a".repeat(50)}\n${"b".repeat(20)}\n`, 30);
  expect(cut).toBe(true);
  expect(text).toBe(`${"b".repeat(20)}\n`);
});

test("NDJSON is read at any split", async () => {
  const wire = Buffer.from('{"a":"ü"}\n\n{"b":2}\n3');
  for (let size = 1; size < wire.length; size++) {
    async function* chunks() {
      for (let at = 0; at < wire.length; at += size) yield wire.subarray(at, at + size);
    }
    const values: unknown[] = [];
    for await (const value of decodeLines(chunks())) values.push(value);
    expect(values).toEqual([{ a: "ü" }, { b: 2 }, 3]);
  }
});
