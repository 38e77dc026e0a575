/** Both ends of the socket through which one process asks another for something of a machine it keeps. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { askVm, serveVm, type VmRequest } from "../../src/cli/commands/vm/control.ts";
import { SpectestError } from "../../src/errors/index.ts";

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "spectest-keep-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe("a kept machine", () => {
  it("answers requests one by one, for its user alone", async () => {
    const asked: VmRequest[] = [];
    const server = await serveVm(home, "vm1", async (request) => {
      asked.push(request);
      return { snapshot: { id: "s1" } };
    });
    expect(await askVm(home, "vm1", { op: "capture", name: "warm", then: "continue" })).toEqual({ snapshot: { id: "s1" } });
    expect(await askVm(home, "vm1", { op: "stop" })).toBeDefined();
    expect(asked).toEqual([{ op: "capture", name: "warm", then: "continue" }, { op: "stop" }]);
    expect(statSync(join(home, "keep/vm1.sock")).mode & 0o777).toBe(0o600);
    expect(statSync(join(home, "keep")).mode & 0o777).toBe(0o700);
    await server.close();
    await expect(askVm(home, "vm1", { op: "stop" })).rejects.toMatchObject({ code: "VM_STATE" });
  });

  it("passes errors on with code and hint, and survives nonsense", async () => {
    const server = await serveVm(home, "vm1", async () => {
      throw new SpectestError("VM_DEAD", { what: "gone", hint: "start it" });
    });
    await new Promise<void>((resolve) => {
      const socket = connect(join(home, "keep/vm1.sock"), () => socket.end("nonsense\n"));
      socket.resume();
      socket.once("close", () => resolve());
    });
    await expect(askVm(home, "vm1", { op: "stop" })).rejects.toMatchObject({ code: "VM_DEAD", message: "gone", hint: "start it" });
    await server.close();
  });

  it("takes over the socket of a process that died", async () => {
    const first = await serveVm(home, "vm1", async () => "old");
    await first.close();
    const second = await serveVm(home, "vm1", async () => "new");
    expect(await askVm(home, "vm1", { op: "stop" })).toBe("new");
    await second.close();
  });
});
