import { Duplex, PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { AgentClient } from "../../../qemu/agent/client.ts";
import { guestAgent } from "../../../qemu/agent/guest.ts";
import { sendIdentity } from "../../../qemu/agent/handshake.ts";

type Request = { id: string; op: string } & Record<string, unknown>;

/** A guest: answers each request with what `answer` returns; undefined stays unanswered. */
function fakeGuest(answer: (request: Request) => unknown) {
  const toHost = new PassThrough();
  const toGuest = new PassThrough();
  const raw: string[] = [];
  const requests: Request[] = [];
  let rest = "";
  toGuest.on("data", (chunk: Buffer) => {
    raw.push(chunk.toString());
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines.filter((text) => text !== "")) {
      const request: Request = JSON.parse(line);
      requests.push(request);
      const reply = answer(request);
      if (reply !== undefined) toHost.write(`${JSON.stringify(reply)}\n`);
    }
  });
  return { stream: Duplex.from({ readable: toHost, writable: toGuest }), toHost, raw, requests };
}

const ok = (request: Request): unknown => ({ id: request.id, ok: true });

describe("the guest agent's client", () => {
  test("ends a half line of an earlier host before it asks anything", async () => {
    const guest = fakeGuest(ok);
    await new AgentClient(guest.stream, "vm").request({ op: "ping" });
    expect(guest.raw.join("")).toMatch(/^\n\{/);
  });

  test("passes over what is no answer of its own", async () => {
    const guest = fakeGuest(() => undefined);
    const agent = new AgentClient(guest.stream, "vm");
    const answer = agent.request({ op: "status" });
    guest.toHost.write('half an answer"}\n\n[1]\nnull\n{"id":"parent-1","ok":true,"docker":false}\n{"id":7}\n');
    guest.toHost.write('{"id":"vm-1","ok":true,"docker":true}\n');
    expect(await answer).toMatchObject({ docker: true });
  });

  test("a refusal carries the guest's reason", async () => {
    const guest = fakeGuest(({ id }) => ({ id, ok: false, error: "no such operation" }));
    await expect(new AgentClient(guest.stream, "vm").request({ op: "sync" })).rejects.toMatchObject({
      code: "AGENT",
      message: 'the guest agent refused "sync": no such operation',
    });
  });

  test("a silent guest is given up after the time-out", async () => {
    const guest = fakeGuest(() => undefined);
    await expect(new AgentClient(guest.stream, "vm").request({ op: "ping" }, { timeoutMs: 5 })).rejects.toMatchObject({ code: "AGENT" });
  });

  test("its own time-out leaves other requests alone, and idle comes when all are answered", async () => {
    const guest = fakeGuest(() => undefined);
    const agent = new AgentClient(guest.stream, "vm");
    const kept = agent.request({ op: "sync" });
    const idle = agent.idle();
    await expect(agent.request({ op: "ping" }, { timeoutMs: 5 })).rejects.toThrow();
    expect(agent.inFlight).toBe(1);
    guest.toHost.write('{"id":"vm-1","ok":true}\n');
    await Promise.all([kept, idle]);
  });

  test("continues over another connection; the old one's end means nothing then", async () => {
    const [first, second] = [fakeGuest(ok), fakeGuest(ok)];
    const agent = new AgentClient(first.stream, "vm");
    await agent.request({ op: "ping" });
    agent.rebind(second.stream);
    await agent.request({ op: "sync" });
    expect(second.requests.map(({ op }) => op)).toEqual(["sync"]);
  });

  test("a closed connection rejects what waits", async () => {
    const guest = fakeGuest(() => undefined);
    const pending = new AgentClient(guest.stream, "vm").request({ op: "ping" });
    guest.stream.destroy();
    await expect(pending).rejects.toMatchObject({ code: "AGENT" });
  });
});

describe("the handshake fails closed", () => {
  test("when the guest confirms another identity", async () => {
    const guest = fakeGuest(({ id }) => ({ id, ok: true, forkId: "somebody else" }));
    await expect(sendIdentity(new AgentClient(guest.stream, "vm"), "me")).rejects.toMatchObject({ code: "AGENT" });
  });
  test("when the guest refuses", async () => {
    const guest = fakeGuest(({ id }) => ({ id, ok: false, error: "clock_settime: not permitted" }));
    await expect(sendIdentity(new AgentClient(guest.stream, "vm"), "me")).rejects.toThrow(/clock_settime/);
  });
  test("and gives each fork other entropy and the host's time", async () => {
    const guest = fakeGuest((request) => ({ ...request, ok: true }));
    const agent = new AgentClient(guest.stream, "vm");
    await sendIdentity(agent, "a");
    await sendIdentity(agent, "b");
    const [one, two] = guest.requests;
    expect(one?.entropy).toMatch(/^[0-9a-f]{128}$/);
    expect(one?.entropy).not.toBe(two?.entropy);
    expect(Math.abs(Number(one?.wallClockNs) / 1e6 - Date.now())).toBeLessThan(1000);
  });
});

describe("files", () => {
  test.each([0, 1, 196_608, 196_609, 500_000])("of %i bytes arrive whole, the last chunk marked", async (size) => {
    const guest = fakeGuest(ok);
    const client = new AgentClient(guest.stream, "vm");
    const data = Buffer.alloc(size, 7);
    await guestAgent((request) => client.request(request)).writeFile("/srv/file", data, { mode: 0o755 });
    const chunks = guest.requests.map((request) => Buffer.from(String(request.dataBase64), "base64"));
    expect(Buffer.concat(chunks).equals(data)).toBe(true);
    expect(guest.requests.map(({ append }) => append)).toEqual(chunks.map((_, index) => index > 0));
    expect(guest.requests.map(({ last }) => last)).toEqual(chunks.map((_, index) => index === chunks.length - 1));
    expect(guest.requests[0]).toMatchObject({ path: "/srv/file", mode: 0o755 });
  });
});
