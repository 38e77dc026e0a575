import { Duplex, PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { QmpClient } from "../../../qemu/qmp/client.ts";
import { QmpDecoder } from "../../../qemu/qmp/decoder.ts";
import { isSpectestError } from "../../../src/errors/index.ts";

const GREETING = { QMP: { version: { qemu: { micro: 2, minor: 0, major: 10 }, package: "" }, capabilities: ["oob"] } };

/** A monitor's other end: hands commands to `onCommand`, and whatever is sent arrives cut as `cut` says. */
function fakeMonitor(cut: (bytes: Buffer) => Buffer[] = (bytes) => [bytes]) {
  const toClient = new PassThrough();
  const toServer = new PassThrough();
  const client = Duplex.from({ readable: toClient, writable: toServer });
  const commands: { execute: string; id: string; arguments?: unknown }[] = [];
  let onCommand: (command: { execute: string; id: string }) => void = () => undefined;
  let rest = "";
  toServer.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const command: { execute: string; id: string } = JSON.parse(line);
      commands.push(command);
      onCommand(command);
    }
  });
  return {
    client,
    commands,
    onCommand: (handler: typeof onCommand) => void (onCommand = handler),
    send: (...messages: unknown[]) => {
      const bytes = Buffer.from(messages.map((message) => `${JSON.stringify(message)}\r\n`).join(""));
      for (const piece of cut(bytes)) toClient.write(piece);
    },
    sendRaw: (text: string) => toClient.write(text),
    close: () => toClient.destroy(),
  };
}

/** A repeatable source of randomness: the seed is in the test's name. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff;
    return state / 0x7fff_ffff;
  };
}

function cutRandomly(next: () => number): (bytes: Buffer) => Buffer[] {
  return (bytes) => {
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + 1 + Math.floor(next() * 9));
      pieces.push(bytes.subarray(at, end));
      at = end;
    }
    return pieces;
  };
}

describe("the monitor's client", () => {
  test("enters command mode and tells QEMU's version", async () => {
    const monitor = fakeMonitor();
    monitor.onCommand(({ id }) => monitor.send({ return: {}, id }));
    const qmp = new QmpClient(monitor.client);
    monitor.send(GREETING);
    expect(await qmp.negotiate()).toBe("10.0.2");
    expect(monitor.commands.map(({ execute }) => execute)).toEqual(["qmp_capabilities"]);
  });

  test.each([1, 2, 3, 4, 5])("matches answers to commands whatever their order and however they are cut (seed %i)", async (seed) => {
    const next = random(seed);
    const monitor = fakeMonitor(cutRandomly(next));
    const qmp = new QmpClient(monitor.client);
    const asked: { execute: string; id: string }[] = [];
    monitor.onCommand((command) => void asked.push(command));
    const calls = Array.from({ length: 40 }, (_, index) => qmp.execute(`command-${index}`, { text: 'é\n"' }));
    await new Promise(setImmediate);
    const events = asked.map((_, index) => ({ event: "NOISE", data: { index }, timestamp: { seconds: 1, microseconds: 2 } }));
    const answers = asked.map(({ execute, id }) => ({ return: { heard: execute, text: "ü→" }, id }));
    monitor.send(...[...answers, ...events].toSorted(() => next() - 0.5));
    const heard = await Promise.all(calls);
    expect(heard).toEqual(calls.map((_, index) => ({ heard: `command-${index}`, text: "ü→" })));
  });

  test("rejects one refused command with QEMU's words and goes on", async () => {
    const monitor = fakeMonitor();
    const qmp = new QmpClient(monitor.client);
    monitor.onCommand(({ execute, id }) =>
      monitor.send(execute === "bad" ? { error: { class: "CommandNotFound", desc: "no such command" }, id } : { return: 1, id }),
    );
    await expect(qmp.execute("bad")).rejects.toMatchObject({
      code: "QMP",
      message: "QEMU refused bad: no such command",
      value: { class: "CommandNotFound" },
    });
    expect(await qmp.execute("good")).toBe(1);
  });

  test("times out one command; its late answer harms nobody", async () => {
    const monitor = fakeMonitor();
    const qmp = new QmpClient(monitor.client);
    await expect(qmp.execute("slow", undefined, { timeoutMs: 10 })).rejects.toMatchObject({
      code: "QMP",
      message: "no answer to slow within 10 ms",
    });
    monitor.onCommand(({ id }) => monitor.send({ return: "late", id: "1" }, { return: "fine", id }));
    expect(await qmp.execute("next")).toBe("fine");
  });

  test("waits for the event asked for and no other", async () => {
    const monitor = fakeMonitor();
    const qmp = new QmpClient(monitor.client);
    const completed = qmp.waitEvent("the end", (name, data) => name === "MIGRATION" && data.status === "completed");
    monitor.send(
      { event: "STOP" },
      { event: "MIGRATION", data: { status: "active" } },
      { event: "MIGRATION", data: { status: "completed" } },
    );
    expect(await completed).toEqual({ status: "completed" });
    await expect(qmp.waitEvent("nothing", () => false, { timeoutMs: 5 })).rejects.toMatchObject({ code: "QMP" });
  });

  test("rejects everything in flight and to come with the first reason", async () => {
    const monitor = fakeMonitor();
    const qmp = new QmpClient(monitor.client);
    const pending = [qmp.execute("one"), qmp.waitEvent("it", () => true), qmp.negotiate()];
    qmp.fail(new Error("gone"));
    qmp.fail(new Error("later"));
    for (const call of [...pending, qmp.execute("two")]) await expect(call).rejects.toThrow("gone");
  });

  test("a closed connection ends what waits", async () => {
    const monitor = fakeMonitor();
    const qmp = new QmpClient(monitor.client);
    const pending = qmp.execute("one");
    monitor.close();
    await expect(pending).rejects.toSatisfy((error) => isSpectestError(error, "QMP"));
  });

  test.each(["not json\n", "[1,2]\n", '"text"\n', '{"unknown":1}\n', "{\n"])(
    "gives up on a peer that is no monitor: %j",
    async (garbage) => {
      const monitor = fakeMonitor();
      const qmp = new QmpClient(monitor.client);
      const pending = qmp.execute("one");
      monitor.sendRaw(garbage);
      await expect(pending).rejects.toMatchObject({ code: "QMP" });
    },
  );
});

test("the decoder keeps a character cut in two whole", () => {
  const decoder = new QmpDecoder();
  const bytes = Buffer.from('{"return":"é","id":"1"}\n');
  const messages = [...bytes].flatMap((byte) => decoder.push(Buffer.from([byte])));
  expect(messages).toEqual([{ kind: "return", id: "1", value: "é" }]);
});
