import { describe, expect, it } from "vitest";
import { checkHost, compareVersions, examineHost } from "../../../qemu/preflight/check.ts";
import { readDistribution } from "../../../qemu/preflight/distribution.ts";
import { type InstallFacts, planInstall } from "../../../qemu/preflight/install.ts";
import { REQUIREMENTS } from "../../../qemu/preflight/requirements.ts";
import { type HostSystem, realHost } from "../../../qemu/preflight/system.ts";

const OS = {
  debian12: 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n',
  debian13: 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nVERSION_CODENAME=trixie\nID=debian\n',
  ubuntu24: 'PRETTY_NAME="Ubuntu 24.04 LTS"\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\nID=ubuntu\n',
  fedora: 'PRETTY_NAME="Fedora Linux 42"\nVERSION_ID=42\nID=fedora\n',
};
type OsName = keyof typeof OS;

/** A host with nothing but an os-release and the given programs, each with the output of --version. */
function fakeHost(os: OsName, programs: Record<string, string> = {}, files: Record<string, string> = {}, isRoot = false): HostSystem {
  return {
    user: { name: "ada", isRoot },
    env: {},
    findProgram: async (name) => (name in programs ? `/usr/bin/${name}` : undefined),
    output: async (path) => programs[path.slice("/usr/bin/".length)] ?? "",
    readText: async (path) => (path === "/etc/os-release" ? OS[os] : files[path]),
  };
}

async function facts(host: HostSystem, indexTargets = ""): Promise<InstallFacts> {
  const distribution = readDistribution(await host.readText("/etc/os-release"));
  return { distribution, user: host.user, indexTargets, subordinateIds: (await host.readText("/etc/subuid")) ?? "" };
}

describe("checkHost", () => {
  it("names everything at once when PATH is empty, each with a fix", async () => {
    const real = realHost({ PATH: "" });
    const host = { ...real, user: { name: "ada", isRoot: false }, readText: fakeHost("debian12").readText };
    const missing = (await checkHost(host)).filter((check) => !check.ok);
    expect(missing.map((check) => check.name)).toEqual(REQUIREMENTS.map((requirement) => requirement.name));
    expect(missing.every((check) => check.fix)).toBe(true);
  });

  it("calls an old QEMU too old, with both versions", async () => {
    const checks = await checkHost(fakeHost("debian12", { "qemu-system-x86_64": "QEMU emulator version 7.2.17 (Debian 1:7.2)" }));
    const qemu = checks.find((check) => check.name === "QEMU");
    expect(qemu).toMatchObject({ ok: false, detail: expect.stringMatching(/7\.2\.17.*9\.0/) });
    expect(qemu?.fix).toContain("bookworm-backports");
  });

  it("asks nothing about mapped ids of root", async () => {
    const names = (await checkHost(fakeHost("debian13", {}, {}, true))).map((check) => check.name);
    expect(names).not.toContain("subordinate ids");
    expect(names).not.toContain("newuidmap");
  });

  it.each([
    ["debian13", "sudo apt-get install qemu-system-x86"],
    ["ubuntu24", "Ubuntu 24.04 LTS has no QEMU new enough"],
    ["fedora", "install QEMU 9.0 or newer"],
  ] as const)("knows how %s gets QEMU", async (os, fix) => {
    const qemu = (await checkHost(fakeHost(os))).find((check) => check.name === "QEMU");
    expect(qemu?.fix).toContain(fix);
  });

  it("takes the QEMU that SPECTEST_QEMU names", async () => {
    const host = fakeHost("debian12", { mine: "QEMU emulator version 10.1.0" });
    const checks = await checkHost({ ...host, env: { SPECTEST_QEMU: "mine" } });
    expect(checks.find((check) => check.name === "QEMU")).toMatchObject({ ok: true, detail: "10.1.0 (/usr/bin/mine)" });
  });
});

describe("compareVersions", () => {
  it("compares by number", () => {
    expect(compareVersions("10.0.2", "9.0")).toBeGreaterThan(0);
    expect(compareVersions("9", "9.0")).toBe(0);
    expect(compareVersions("8.2.9", "9.0")).toBeLessThan(0);
  });
});

describe("planInstall", () => {
  it("adds backports from the host's own mirror on Debian 12, and takes only QEMU from there", async () => {
    const host = fakeHost("debian12", { mmdebstrap: "mmdebstrap 1.3.5" });
    const { steps, leftToDo } = planInstall(await examineHost(host), await facts(host, "http://mirror.example/debian bookworm main"));
    const commands = steps.map(({ argv }) => argv.join(" "));
    expect(commands.find((command) => command.includes("URIs"))).toMatch(
      /URIs: http:\/\/mirror\.example\/debian\nSuites: bookworm-backports/,
    );
    expect(commands.filter((command) => command.includes("-t bookworm-backports"))).toEqual([
      expect.stringMatching(/-t bookworm-backports qemu-system-x86 qemu-utils$/),
    ]);
    expect(commands.join("\n")).not.toMatch(/ mmdebstrap/);
    expect(leftToDo).toEqual(["install npm, which comes with Node"]);
  });

  it("does not add a suite the host has", async () => {
    const host = fakeHost("debian12");
    const targets = "http://m.example/debian bookworm main\nhttp://m.example/debian bookworm-backports main";
    const { steps } = planInstall(await examineHost(host), await facts(host, targets));
    expect(steps.some(({ argv }) => argv.includes("sh"))).toBe(false);
  });

  it("installs everything in one go on Debian 13", async () => {
    const host = fakeHost("debian13");
    const { steps } = planInstall(await examineHost(host), await facts(host));
    const installs = steps.filter(({ argv }) => argv.includes("install"));
    expect(installs).toHaveLength(1);
    expect(installs[0]?.argv).toEqual(expect.arrayContaining(["qemu-system-x86", "mmdebstrap", "uidmap"]));
  });

  it("gives out subordinate ids that nobody has", async () => {
    const host = fakeHost("debian13", {}, { "/etc/subuid": "eve:100000:65536\n" });
    const { steps } = planInstall(await examineHost(host), await facts(host));
    expect(steps.find(({ argv }) => argv[0] === "usermod")?.argv[2]).toBe("165536-231071");
  });

  it("only says what to do on a system it does not know", async () => {
    const host = fakeHost("fedora");
    const { steps, leftToDo } = planInstall(await examineHost(host), await facts(host));
    expect(steps.filter(({ argv }) => argv[0] !== "usermod")).toEqual([]);
    expect(leftToDo.length).toBeGreaterThan(5);
  });

  it("plans nothing when nothing is missing", async () => {
    const host = fakeHost("debian13");
    const satisfied = (await examineHost(host)).map((finding) => ({ ...finding, ok: true }));
    expect(planInstall(satisfied, await facts(host))).toEqual({ steps: [], leftToDo: [] });
  });
});
