import { createSocket } from "node:dgram";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Resolver } from "node:dns/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { renderHosts } from "../../../daemon/names/hostsFile.ts";
import { readQuestion } from "../../../daemon/names/message.ts";
import { createNameServer, nameServersOf } from "../../../daemon/names/server.ts";
import { createNameTable } from "../../../daemon/names/table.ts";

test("the hosts file keeps everything else, and its own block is replaced, not repeated", () => {
  const first = renderHosts("127.0.0.1\tlocalhost\n", [{ address: "10.0.0.2", names: ["db", "db.internal", "*.db"] }]);
  expect(first).toBe("127.0.0.1\tlocalhost\n# spectest begin\n10.0.0.2\tdb db.internal\n# spectest end\n");
  const second = renderHosts(`${first}10.9.9.9\tmine\n`, [{ address: "10.0.0.3", names: ["db"] }]);
  expect(second).toBe("127.0.0.1\tlocalhost\n10.9.9.9\tmine\n# spectest begin\n10.0.0.3\tdb\n# spectest end\n");
  expect(renderHosts(second, [])).toBe("127.0.0.1\tlocalhost\n10.9.9.9\tmine\n");
});

test("names lead to services and the ingress; registered ones win, long patterns win, and addresses are the present ones", () => {
  const table = createNameTable();
  table.setService("db", "10.0.0.2", ["db", "db.internal", "DB.Example"]);
  table.setIngress("10.0.0.1", ["shop.test", "*.shop.test"]);
  expect(table.resolve("db.example")).toBe("10.0.0.2");
  expect(table.resolve("a.b.shop.test.")).toBe("10.0.0.1");
  expect(table.resolve("other.test")).toBeUndefined();
  table.register("*.b.shop.test", { service: "db" });
  table.register("shop.test", { service: "db" });
  expect(table.resolve("a.b.shop.test")).toBe("10.0.0.2");
  expect(table.resolve("shop.test")).toBe("10.0.0.2");
  table.setService("db", "10.0.0.9", ["db"]);
  expect(table.resolve("shop.test")).toBe("10.0.0.9");
  table.removeService("db");
  expect(table.resolve("shop.test")).toBe("10.0.0.1");
});

test("the name server answers its own names, passes the rest on, and takes over the resolver's file", async () => {
  const dir = await mkdtemp(join(tmpdir(), "spectest-names-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const resolvFile = join(dir, "resolv.conf");
  await writeFile(resolvFile, "# old\nnameserver 127.0.0.1\n");
  const table = createNameTable();
  table.setService("db", "10.0.0.2", ["db.test"]);
  table.setIngress("10.0.0.1", ["*.shop.test"]);
  const probe = createSocket("udp4");
  await new Promise<void>((resolve) => probe.bind(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  const server = createNameServer({ resolve: table.resolve, resolvFile, port });
  onTestFinished(() => server.close());
  await server.listen("127.0.0.1");
  const resolver = new Resolver({ timeout: 1000, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  expect(await resolver.resolve4("DB.test")).toEqual(["10.0.0.2"]);
  expect(await resolver.resolve4("any.where.shop.test")).toEqual(["10.0.0.1"]);
  await expect(resolver.resolve6("db.test")).rejects.toMatchObject({ code: "ENODATA" });
  // No server is left to ask: it was the one of this file.
  await expect(resolver.resolve4("unknown.test")).rejects.toMatchObject({ code: "ESERVFAIL" });
  expect(await readFile(resolvFile, "utf8")).toBe("nameserver 127.0.0.1\n");
});

test("queries that are no plain question are passed on, never misread", () => {
  expect(readQuestion(Buffer.alloc(5))).toBeUndefined();
  expect(readQuestion(Buffer.concat([Buffer.from("0001010000010000000000003f", "hex"), Buffer.alloc(3)]))).toBeUndefined();
  expect(readQuestion(Buffer.from("0001810000010000000000000161000001 0001".replaceAll(" ", ""), "hex"))).toBeUndefined();
  expect(readQuestion(Buffer.from("00010100000100000000000001610000010001", "hex"))).toMatchObject({ name: "a", type: 1 });
  expect(nameServersOf("nameserver 1.2.3.4\n#nameserver 9.9.9.9\n nameserver 5.6.7.8 \n")).toEqual(["1.2.3.4", "5.6.7.8"]);
});
