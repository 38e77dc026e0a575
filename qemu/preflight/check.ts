import { type Distribution, readDistribution } from "./distribution.ts";
import { qemuSource, REQUIREMENTS, type Requirement } from "./requirements.ts";
import { type HostSystem, realHost } from "./system.ts";

/** One line of a report on the host. */
export interface HostCheck {
  name: string;
  ok: boolean;
  /** What was found, or what is missing and what for. */
  detail: string;
  /** The command that helps, when it is not ok. */
  fix?: string;
}

export interface Finding {
  requirement: Requirement;
  ok: boolean;
  detail: string;
}

/**
 * Looks for everything the host must have and reports all of it at once; downloads and starts nothing.
 *
 * @example const missing = (await checkHost()).filter((check) => !check.ok);
 */
export async function checkHost(system: HostSystem = realHost()): Promise<HostCheck[]> {
  const distribution = readDistribution(await system.readText("/etc/os-release"));
  const findings = await examineHost(system);
  return findings.map(({ requirement, ok, detail }) => ({
    name: requirement.name,
    ok,
    detail,
    ...(ok ? {} : { fix: fixFor(requirement, distribution, system.user) }),
  }));
}

export async function examineHost(system: HostSystem): Promise<Finding[]> {
  const wanted = REQUIREMENTS.filter((requirement) => !requirement.ordinaryUsersOnly || !system.user.isRoot);
  return Promise.all(wanted.map(async (requirement) => ({ requirement, ...(await examine(requirement, system)) })));
}

async function examine({ look, purpose }: Requirement, system: HostSystem): Promise<{ ok: boolean; detail: string }> {
  switch (look.for) {
    case "program": {
      const override = look.program === "qemu-system-x86_64" ? system.env.SPECTEST_QEMU : undefined;
      const path = await system.findProgram(override || look.program);
      if (!path) return { ok: false, detail: `${override || look.program} is missing, needed ${purpose}` };
      if (!look.minVersion) return { ok: true, detail: path };
      const version = readVersion(await system.output(path, ["--version"]));
      if (!version) return { ok: false, detail: `${path} does not tell its version; ${look.minVersion} or newer is needed ${purpose}` };
      if (compareVersions(version, look.minVersion) >= 0) return { ok: true, detail: `${version} (${path})` };
      return { ok: false, detail: `${path} is version ${version}; ${look.minVersion} or newer is needed ${purpose}` };
    }
    case "file": {
      const there = (await system.readText(look.path)) !== undefined;
      return there ? { ok: true, detail: look.path } : { ok: false, detail: `${look.path} is missing, needed ${purpose}` };
    }
    case "subordinateIds": {
      const { name } = system.user;
      const texts = await Promise.all(["/etc/subuid", "/etc/subgid"].map((path) => system.readText(path)));
      const ok = texts.every((text) => hasIdRange(text ?? "", name));
      return { ok, detail: ok ? `65536 for ${name}` : `${name} has fewer than 65536 ids in /etc/subuid or /etc/subgid, needed ${purpose}` };
    }
  }
}

/** The one command that gets a requirement; for several at once see `planInstall`. */
export function fixFor(requirement: Requirement, distribution: Distribution, user: HostSystem["user"]): string {
  const sudo = user.isRoot ? "" : "sudo ";
  if (requirement.look.for === "subordinateIds")
    return `${sudo}usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user.name}`;
  if (!requirement.package || distribution.kind === "other") return requirement.otherwise;
  if (!requirement.package.startsWith("qemu-")) return `${sudo}apt-get install ${requirement.package}`;
  switch (qemuSource(distribution)) {
    case "archive":
      return `${sudo}apt-get install ${requirement.package}`;
    case "backports":
      return `${sudo}apt-get install -t ${distribution.codename}-backports ${requirement.package} (spectest setup adds that suite)`;
    case "unknown":
      return `${distribution.label} has no QEMU new enough: ${requirement.otherwise}`;
  }
}

export function readVersion(text: string): string | undefined {
  return /(\d+\.\d+(?:\.\d+)*)/.exec(text)?.[1];
}

/** Negative, zero or positive as `a` is older than, as old as, or newer than `b`; missing parts count as 0. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  for (let i = 0; i < 4; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function hasIdRange(text: string, user: string): boolean {
  return text.split("\n").some((line) => {
    const [name, , count] = line.split(":");
    return name === user && Number(count) >= 65536;
  });
}
