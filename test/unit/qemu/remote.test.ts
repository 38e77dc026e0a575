import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { attachVmAt, type RemoteVm } from "../../../qemu/remote/attach.ts";
import { BoundedLines } from "../../../qemu/remote/lines.ts";
import { machinePlaces } from "../../../qemu/remote/places.ts";
import { MAX_REQUEST_BYTES } from "../../../qemu/remote/protocol.ts";
import { type RemoteServer, serveVmAt } from "../../../qemu/remote/serve.ts";
import type { CaptureOptions, Vm, VmExit, VmInfo } from "../../../qemu/types.ts";
import { SpectestError } from "../../../src/errors/index.ts";

const info: VmInfo = {
  id: "vm1",
  state: "running",
  accelerator: "tcg",
  memoryMib: 512,
  cpus: 1,
  imageDigest: "0",
  startedAt: "2026-01-01T00:00:00.000Z",
  timings: {},
};

/** A machine that remembers what it was asked, and ends when it is stopped. */
function fakeVm() {
  const asked: unknown[] = [];
  let settle = (_: VmExit): void => undefined;
  const exited = new Promise<VmExit>((resolve) => {
    settle = resolve;
  });
  const end = (): void => settle({ code: 0, signal: null, expected: true, stderrTail: "", serialTail: "" });
  const vm = {
    id: "vm1",
    info,
    exited,
    agent: {
      exec: (argv: readonly string[], options: unknown) => {
        asked.push({ argv, options });
        return argv[0] === "hang" ? new Promise(() => undefined) : Promise.resolve({ exitCode: 3, stdout: "out\n", stderr: "é\n" });
      },
    },
    async capture(options: CaptureOptions) {
      asked.push(options);
      if (options.name === "refused") throw new SpectestError("VM_DEAD", { what: "gone", hint: "start it", log: "/x/serial.log" });
      return { snapshot: { ...info, id: "s1", key: options.key, sizeBytes: 5 }, pauseMs: 1.5, timings: { save: 1 } };
    },
    pause: async () => void asked.push("pause"),
    resume: async () => void asked.push("resume"),
    async stop(mode: string) {
      asked.push(mode);
      end();
      await new Promise((resolve) => setTimeout(resolve, 50)); // the directory is removed after QEMU has ended
      asked.push("removed");
    },
  };
  return { vm: vm as unknown as Vm, asked, end };
}

let dir = "";
let path = "";
let fake = fakeVm();
let server: RemoteServer;
const open: RemoteVm[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "spectest-remote-"));
  path = join(dir, "host.sock");
  fake = fakeVm();
  server = await serveVmAt(path, fake.vm);
});
afterEach(async () => {
  for (const vm of open.splice(0)) vm.close();
  await server.close();
  rmSync(dir, { recursive: true, force: true });
});

async function attach(at = path): Promise<RemoteVm> {
  const vm = await attachVmAt(at, "vm1", { holderPid: 42, greetingTimeoutMs: 200 });
  open.push(vm);
  return vm;
}

/** Sends text as it is and collects the answers' lines until the other end closes or `count` came. */
async function raw(text: string, count: number): Promise<unknown[]> {
  const socket = connect(path);
  socket.on("error", () => undefined);
  socket.write(text);
  let received = "";
  for await (const chunk of socket) {
    received += String(chunk);
    if (received.split("\n").length > count) break;
  }
  socket.destroy();
  return received
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}

describe("a machine's holder", () => {
  test("does what another process asks, for its user alone", async () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const vm = await attach();
    expect(await vm.info()).toEqual(info);
    expect(await vm.exec(["cat"], { stdin: "x" })).toEqual({ exitCode: 3, stdout: "out\n", stderr: "é\n" });
    expect(await vm.capture({ name: "warm" })).toMatchObject({ snapshot: { id: "s1" }, pauseMs: 1.5 });
    await vm.pause();
    await vm.resume();
    expect(fake.asked).toEqual([
      { argv: ["cat"], options: { stdin: "x" } },
      { key: expect.stringContaining("vm1"), name: "warm", then: "continue", labels: { capturedFrom: "vm1" } },
      "pause",
      "resume",
    ]);
  });

  test("gives every capture a key of its own unless told one", async () => {
    const vm = await attach();
    const keys = [(await vm.capture()).snapshot.key, (await vm.capture()).snapshot.key, (await vm.capture({ key: "k" })).snapshot.key];
    expect(new Set(keys).size).toBe(3);
    expect(keys[2]).toBe("k");
  });

  test("passes an error on with code, hint and log", async () => {
    const failed = (await attach()).capture({ name: "refused" });
    await expect(failed).rejects.toMatchObject({ code: "VM_DEAD", message: "gone", hint: "start it", log: "/x/serial.log" });
  });

  test("answers a stop only when everything is gone, and then serves no more", async () => {
    const vm = await attach();
    await vm.stop("shutdown");
    expect(fake.asked).toEqual(["shutdown", "removed"]);
    await expect(vm.info()).rejects.toMatchObject({ code: "VM_DEAD" });
    await expect(attach()).rejects.toMatchObject({
      code: "VM_STATE",
      message: expect.stringContaining("process 42"),
      hint: "spectest vm ls",
    });
  });

  test("refuses garbage, unknown operations and wrong fields, and goes on", async () => {
    const sent = [
      "nonsense",
      "[1]",
      '{"id":7,"op":"format"}',
      '{"id":8,"op":"stop","mode":"gently"}',
      '{"id":9,"op":"exec","argv":[]}',
      '{"id":10,"op":"info","extra":1}',
      '{"id":-1,"op":"info"}',
      '{"id":11,"op":"info"}',
    ];
    const answers = await raw(`${sent.join("\n")}\n`, sent.length);
    const refused = (id: number | null) => expect.objectContaining({ id, ok: false, error: expect.objectContaining({ code: "CHANNEL" }) });
    expect(answers).toEqual([...[null, null, 7, 8, 9, 10, null].map(refused), { id: 11, ok: true, result: info }]);
    expect(fake.asked).toEqual([]);
  });

  test("ends a connection whose line does not end, and no other", async () => {
    const vm = await attach();
    const [answer] = await raw("x".repeat(MAX_REQUEST_BYTES + 1), 1);
    expect(answer).toMatchObject({ id: null, ok: false, error: { what: expect.stringContaining(`more than ${MAX_REQUEST_BYTES} bytes`) } });
    expect(await vm.info()).toEqual(info);
  });

  test("does not wait for a command that hangs when it closes", async () => {
    const hanging = (await attach()).exec(["hang"]);
    hanging.catch(() => undefined);
    await expect.poll(() => fake.asked.length).toBe(1);
    await server.close();
    await expect(hanging).rejects.toMatchObject({ code: "VM_DEAD", message: expect.stringContaining("gone away") });
  });
});

describe("the other process", () => {
  let holder: Server | undefined;
  afterEach(() => holder?.close());

  async function holderThat(act: (socket: Socket) => void): Promise<string> {
    const at = join(dir, "other.sock");
    holder = createServer((socket) => {
      socket.on("error", () => undefined);
      act(socket);
    });
    await new Promise<void>((resolve) => holder?.listen(at, resolve));
    return at;
  }

  test("is told when nobody listens", async () => {
    await expect(attach(join(dir, "none.sock"))).rejects.toMatchObject({ code: "VM_STATE" });
  });

  test("does not wait for a holder that never answers", async () => {
    await expect(attach(await holderThat(() => undefined))).rejects.toMatchObject({
      code: "VM_TIMEOUT",
      message: expect.stringContaining("200 ms"),
    });
  });

  test("notices a holder that goes away in the middle of an answer", async () => {
    const at = await holderThat((socket) => socket.once("data", () => socket.end('{"id":1,"ok":tr')));
    await expect(attach(at)).rejects.toMatchObject({ code: "VM_DEAD" });
  });

  test.each(["no JSON\n", '{"id":1,"ok":true}\n', '{"id":1,"ok":true,"result":{"state":7}}\n', '{"ok":false}\n'])(
    "refuses %j as an answer",
    async (text) => {
      const at = await holderThat((socket) => socket.once("data", () => socket.write(text)));
      await expect(attach(at)).rejects.toMatchObject({ code: "CHANNEL" });
    },
  );

  test("letting go rejects what waits and leaves the machine alone", async () => {
    const vm = await attach();
    const waiting = vm.exec(["hang"]);
    vm.close();
    await expect(waiting).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await (await attach()).info()).toEqual(info);
  });
});

test("there are no places of a machine that is not in the store, nor outside of it", async () => {
  for (const id of ["nosuch", "../vms", "a/b"]) {
    await expect(machinePlaces(dir, id)).rejects.toMatchObject({ code: "VM_NOT_FOUND", hint: "spectest vm ls" });
  }
});

test("lines come whole however the bytes fall", () => {
  const bytes = Buffer.from("aé\n\nb\nrest");
  for (let size = 1; size <= bytes.length; size++) {
    const lines = new BoundedLines(5);
    const found: string[] = [];
    for (let at = 0; at < bytes.length; at += size) found.push(...lines.push(bytes.subarray(at, at + size)));
    expect(found).toEqual(["aé", "", "b"]);
  }
  expect(() => new BoundedLines(5).push(Buffer.from("ok\n123456"))).toThrow(RangeError);
});
