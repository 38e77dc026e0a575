import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connectSocket } from "../../../qemu/agent/connect.ts";
import { ControlChannel } from "../../../qemu/agent/control.ts";

let dir = "";
const servers: Server[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "spectest-control-"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await rm(dir, { recursive: true, force: true });
});

/** A QEMU's port: the machine's side of one connection, and what it heard. */
async function port(name: string): Promise<{ host: Socket; guest: Socket; heard: () => string }> {
  const server = createServer();
  servers.push(server);
  server.listen(join(dir, name));
  await once(server, "listening");
  const accepted = once(server, "connection");
  const host = await connectSocket(join(dir, name));
  const [guest]: Socket[] = await accepted;
  if (!guest) throw new Error("no connection");
  const chunks: Buffer[] = [];
  guest.on("data", (chunk: Buffer) => chunks.push(chunk));
  return { host, guest, heard: () => Buffer.concat(chunks).toString() };
}

test("carries bytes both ways and ends with the machine", async () => {
  const { host, guest, heard } = await port("a");
  const channel = new ControlChannel(host);
  channel.write("to the guest");
  guest.write("to the host");
  const [[chunk]] = await Promise.all([once(channel, "data") as Promise<[Buffer]>, once(guest, "data")]);
  expect([chunk.toString(), heard()]).toEqual(["to the host", "to the guest"]);
  const closed = once(channel, "close");
  guest.destroy();
  await closed;
});

test("sends nothing while held, everything after", async () => {
  const { host, guest, heard } = await port("a");
  const channel = new ControlChannel(host);
  channel.hold();
  channel.write("later");
  host.write("|");
  await once(guest, "data");
  expect(heard()).toBe("|");
  channel.release();
  await once(guest, "data");
  expect(heard()).toBe("|later");
});

test("moves to another process without losing, mixing or ending anything", async () => {
  const [old, next] = [await port("old"), await port("new")];
  const channel = new ControlChannel(old.host);
  const got: Buffer[] = [];
  channel.hold();
  channel.write("held");
  next.guest.write("second;");
  old.guest.write("first;");
  const moved = channel.rebind(next.host);
  channel.on("data", (chunk: Buffer) => got.push(chunk));
  old.guest.end();
  await moved;
  channel.release();
  next.guest.end("third");
  await once(channel, "end");
  expect(Buffer.concat(got).toString()).toBe("first;second;third");
  expect([old.heard(), next.heard()]).toEqual(["", "held"]);
});
