import { once } from "node:events";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { SnapshotInfo, Vm, VmEngine } from "../../qemu/index.ts";
import { sh, testEngine, testTemplate } from "./machines.ts";

let engine: VmEngine;
let template: SnapshotInfo;
const vms: Vm[] = [];
const snapshots: string[] = [];

beforeAll(async () => {
  engine = await testEngine();
  template = await testTemplate(engine);
});
afterEach(async () => {
  await Promise.all(vms.splice(0).map((vm) => vm.stop()));
  for (const id of snapshots.splice(0).toReversed()) await engine.snapshots.remove(id);
});
afterAll(() => engine?.close());

async function fork(id: string, options?: Parameters<VmEngine["fork"]>[1]): Promise<Vm> {
  const vm = await engine.fork(id, options);
  vms.push(vm);
  return vm;
}

async function capture(vm: Vm, key: string, then: "continue" | "stop" = "continue"): Promise<SnapshotInfo> {
  const { snapshot } = await vm.capture({ key: `test ${key}`, then });
  snapshots.push(snapshot.id);
  return snapshot;
}

/** Starts a process that keeps a value in its memory only, and tells it when signalled. */
async function keepInMemory(vm: Vm, value: string): Promise<number> {
  const program = `$v = <STDIN>; chomp $v; $SIG{USR1} = sub { open my $f, '>', '/run/told.new'; print $f $v; close $f; rename '/run/told.new', '/run/told' }; sleep 1 while 1`;
  const { pid } = await vm.agent.spawn(["sh", "-c", `echo ${value} | exec perl -e "$0"`, program], { log: "/run/keeper.log" });
  return pid;
}

const told = (vm: Vm, pid: number): Promise<string> =>
  sh(
    vm,
    `rm -f /run/told; pkill -USR1 -P ${pid} perl || kill -USR1 ${pid}; i=0; until [ -e /run/told ] || [ $i -gt 200 ]; do i=$((i+1)); sleep 0.05; done; cat /run/told`,
  );

describe("forks", () => {
  test("continue disk, memory and processes to depth 3, and nothing flows between siblings or back", async () => {
    const a = await fork(template.id);
    await sh(a, "echo a > /root/disk; sync; echo a > /run/ram; echo dirty > /root/unsynced");
    const keeper = await keepInMemory(a, "held-by-a");
    const one = await capture(a, "depth 1");
    await sh(a, "echo later > /root/disk; echo later > /run/ram; sync");

    const b = await fork(one.id);
    expect(await sh(b, "cat /root/disk /run/ram /root/unsynced")).toBe("a\na\ndirty");
    expect(await told(b, keeper)).toBe("held-by-a");
    await sh(b, "echo b >> /root/disk; echo b >> /run/ram");
    const two = await capture(b, "depth 2");

    const c = await fork(two.id);
    expect(await sh(c, "cat /root/disk /run/ram")).toBe("a\nb\na\nb");
    await sh(c, "echo c >> /root/disk; echo c >> /run/ram");
    const three = await capture(c, "depth 3", "stop");
    const d = await fork(three.id);
    expect(await sh(d, "cat /root/disk /run/ram")).toBe("a\nb\nc\na\nb\nc");
    expect(await told(d, keeper)).toBe("held-by-a");
    expect(await sh(d, "touch /root/rw && docker ps -q | wc -l && dmesg | grep -ci 'ext4.*error' || true")).toContain("0");

    const sibling = await fork(one.id);
    expect(await sh(sibling, "cat /root/disk /run/ram")).toBe("a\na");
    expect(await sh(a, "cat /root/disk /run/ram")).toBe("later\nlater");
    expect([one, two, three].map(({ parent, template: base }) => [parent, base])).toEqual([
      [template.id, template.id],
      [one.id, template.id],
      [two.id, template.id],
    ]);
  });

  test("have the host's time, an identity and randomness of their own", async () => {
    const forks = [await fork(template.id), await fork(template.id), await fork(template.id)];
    for (const vm of forks) {
      let best = Number.POSITIVE_INFINITY;
      let off = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 6; round++) {
        const before = Date.now();
        const guest = Number(await sh(vm, "date +%s%3N"));
        const latency = Date.now() - before;
        if (latency >= best) continue;
        best = latency;
        off = Math.abs(guest - (before + latency / 2)) - latency / 2;
      }
      expect(off).toBeLessThan(250);
    }
    const randomness = await Promise.all(
      forks.map((vm) => sh(vm, "head -c 16 /dev/urandom | od -An -tx1; cat /proc/sys/kernel/random/uuid")),
    );
    expect(new Set(randomness).size).toBe(forks.length);
    const identities = await Promise.all(forks.map((vm) => sh(vm, "cat /run/spectest/identity.json")));
    expect(new Set(identities.map((text) => JSON.parse(text).forkId)).size).toBe(forks.length);
    expect(await sh(forks[0] ?? expect.fail(), "dmesg")).toContain("crng reseeded due to virtual machine fork");
  });

  test("reach the host's network unless denied, its loopback never", async () => {
    const listener = createServer((socket) => socket.end()).listen(0, "0.0.0.0");
    await once(listener, "listening");
    const address = listener.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const outside = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ internal, family }) => !internal && family === "IPv4");
    const reach = (vm: Vm, host: string): Promise<string> =>
      sh(vm, `perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(PeerAddr => q(${host}:${port}), Timeout => 2) ? q(open) : $!'`);
    try {
      const [open, denied] = [await fork(template.id), await fork(template.id, { network: "denied" })];
      for (const loopback of ["10.0.2.2", "10.0.2.3"]) expect(await reach(open, loopback)).not.toBe("open");
      if (!outside) return;
      expect(await reach(open, outside.address)).toBe("open");
      expect(await reach(denied, outside.address)).not.toBe("open");
    } finally {
      listener.close();
    }
  });

  test("report each phase, and their sockets are the owner's alone", async () => {
    const vm = await fork(template.id, { name: "timed" });
    expect(Object.keys(vm.info.timings)).toEqual(["disk", "start", "load", "wake", "handshake", "total"]);
    expect(await engine.list()).toContainEqual(expect.objectContaining({ id: vm.id, name: "timed", state: "running", from: template.id }));
  });
});

describe("captures", () => {
  test("of a machine with its own RAM move it to another process: handle, channel and processes go on", async () => {
    const vm = await fork(template.id, { memory: "template" });
    const keeper = await keepInMemory(vm, "survivor");
    const control = await vm.openControl();
    const pid = vm.info.pid;
    const { snapshot, pauseMs } = await vm.capture({ key: "test own ram" });
    snapshots.push(snapshot.id);
    expect(snapshot).toMatchObject({ kind: "template", parent: template.id });
    expect(pauseMs).toBeLessThan(1000);
    expect(vm.info.pid).not.toBe(pid);
    expect(vm.state).toBe("running");
    expect(control.destroyed).toBe(false);
    expect(await told(vm, keeper)).toBe("survivor");
    expect((await capture(vm, "delta of it")).template).toBe(snapshot.id);

    const child = await fork(snapshot.id);
    expect(await told(child, keeper)).toBe("survivor");
    await vm.stop();
    expect(await told(child, keeper)).toBe("survivor");
  });

  test("leave the source's requests unharmed, one after the other", async () => {
    const vm = await fork(template.id);
    await vm.agent.writeFile("/root/big", Buffer.alloc(300_000, 1));
    let answered = 0;
    let stop = false;
    const load = (async () => {
      while (!stop) {
        await vm.agent.ping();
        answered++;
      }
    })();
    for (let round = 0; round < 5; round++) await capture(vm, `load ${round}`);
    const before = answered;
    stop = true;
    await load;
    expect(before).toBeGreaterThan(0);
    expect(await sh(vm, "wc -c < /root/big")).toBe("300000");
  });

  test("pause, capture and resume: a capture of a paused machine leaves it paused", async () => {
    const vm = await fork(template.id);
    await vm.pause();
    await expect(vm.pause()).rejects.toMatchObject({ code: "VM_STATE" });
    const snapshot = await capture(vm, "while paused");
    expect(vm.state).toBe("paused");
    await vm.resume();
    await vm.agent.ping();
    await (await fork(snapshot.id)).agent.ping();
  });

  test("of the same key replace each other; what is needed stays", async () => {
    const vm = await fork(template.id);
    const first = await capture(vm, "same");
    const child = await fork(first.id);
    await expect(engine.snapshots.remove(first.id)).rejects.toMatchObject({ code: "SNAPSHOT_IN_USE" });
    await expect(engine.snapshots.remove(template.id)).rejects.toMatchObject({ code: "SNAPSHOT_IN_USE" });
    const second = await capture(child, "same", "stop");
    expect((await engine.snapshots.find("test same"))?.id).toBe(second.id);
  });
});

test("cancelling a fork leaves nothing behind", async () => {
  const abort = new AbortController();
  const forking = engine.fork(template.id, { signal: abort.signal });
  setTimeout(() => abort.abort(), 70);
  await expect(forking).rejects.toMatchObject({ code: "CANCELLED" });
  expect(await engine.list()).toEqual([]);
});
