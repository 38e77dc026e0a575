import { SpectestError } from "../../src/errors/index.ts";
import { run, runAttached } from "../../src/platform/index.ts";
import { INDEX_TARGETS_FORMAT } from "../image/aptSettings.ts";
import { examineHost, type Finding } from "./check.ts";
import { type Distribution, readDistribution } from "./distribution.ts";
import { qemuSource } from "./requirements.ts";
import { type HostSystem, realHost } from "./system.ts";

/** One command to run as root. */
export interface InstallStep {
  argv: string[];
  why: string;
}

export interface InstallPlan {
  steps: InstallStep[];
  /** What no step can get, as sentences. */
  leftToDo: string[];
}

export interface InstallFacts {
  distribution: Distribution;
  user: HostSystem["user"];
  /** Output of `apt-get indextargets` in `INDEX_TARGETS_FORMAT`. */
  indexTargets: string;
  /** Texts of /etc/subuid and /etc/subgid. */
  subordinateIds: string;
}

const BACKPORTS_FILE = "/etc/apt/sources.list.d/spectest-backports.sources";

const REFRESH: InstallStep = { argv: ["apt-get", "update"], why: "refresh the lists of packages" };

/** The commands that bring what is missing, fewest possible, in order. Pure. */
export function planInstall(findings: readonly Finding[], facts: InstallFacts): InstallPlan {
  const { distribution, user } = facts;
  const steps: InstallStep[] = [];
  const leftToDo: string[] = [];
  const packages: string[] = [];
  const qemuPackages: string[] = [];
  for (const { requirement } of findings.filter((finding) => !finding.ok)) {
    if (requirement.look.for === "subordinateIds") steps.push(subordinateIdsStep(user.name, facts.subordinateIds));
    else if (!requirement.package || distribution.kind === "other") leftToDo.push(requirement.otherwise);
    else if (!requirement.package.startsWith("qemu-") || qemuSource(distribution) === "archive") packages.push(requirement.package);
    else if (qemuSource(distribution) === "backports") qemuPackages.push(requirement.package);
    else leftToDo.push(`${distribution.label} has no QEMU new enough: ${requirement.otherwise}`);
  }
  steps.push(...packageSteps(packages, qemuPackages, facts, leftToDo));
  return { steps, leftToDo };
}

function packageSteps(packages: string[], qemuPackages: string[], facts: InstallFacts, leftToDo: string[]): InstallStep[] {
  const steps: InstallStep[] = [];
  const suite = facts.distribution.kind === "other" ? "" : `${facts.distribution.codename}-backports`;
  if (qemuPackages.length > 0) {
    const add = addBackportsStep(suite, facts.indexTargets);
    if (add === "no mirror") {
      leftToDo.push(`add the suite ${suite} to apt's sources, then install ${qemuPackages.join(" ")} from it`);
      qemuPackages = [];
    } else if (add) steps.push(add);
  }
  if (packages.length + qemuPackages.length > 0) steps.push(REFRESH);
  if (packages.length > 0) steps.push({ argv: aptInstall(packages), why: `install ${packages.join(", ")}` });
  // A backports suite is never chosen by itself: only what is asked for with -t, and what that needs, comes from it.
  if (qemuPackages.length > 0)
    steps.push({ argv: aptInstall(["-t", suite, ...qemuPackages]), why: `install ${qemuPackages.join(", ")} from ${suite}` });
  return steps;
}

function aptInstall(words: readonly string[]): string[] {
  return ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--no-install-recommends", ...words];
}

/** Undefined when the host has the suite already. The mirror is the one the host uses for the rest of its release. */
function addBackportsStep(suite: string, indexTargets: string): InstallStep | "no mirror" | undefined {
  const targets = indexTargets.split("\n").map((line) => line.trim().split(" "));
  if (targets.some(([, release]) => release === suite)) return undefined;
  const codename = suite.slice(0, -"-backports".length);
  const site = targets.find(([, release, component]) => release === codename && component === "main")?.[0];
  if (!site) return "no mirror";
  const text = [
    "# Added by spectest for QEMU; remove it when QEMU is not needed any more.",
    "Types: deb",
    `URIs: ${site}`,
    `Suites: ${suite}`,
    "Components: main",
    "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg",
    "",
  ].join("\n");
  return { argv: ["sh", "-c", 'printf %s "$1" >"$2"', "sh", text, BACKPORTS_FILE], why: `add the suite ${suite} (${BACKPORTS_FILE})` };
}

/** The first free block of 65536 above every range given out so far. */
function subordinateIdsStep(user: string, subordinateIds: string): InstallStep {
  const ends = subordinateIds.split("\n").map((line) => {
    const [, start, count] = line.split(":").map(Number);
    return (start ?? 0) + (count ?? 0);
  });
  const first = Math.max(100_000, ...ends.filter(Number.isFinite));
  const range = `${first}-${first + 65_535}`;
  return { argv: ["usermod", "--add-subuids", range, "--add-subgids", range, user], why: `give ${user} subordinate ids` };
}

export interface InstallOptions {
  system?: HostSystem;
  signal?: AbortSignal;
  /** Called before each command with what it is for and, as root, with each line it prints. Through sudo a command has the terminal to itself. */
  onOutput?: (line: string) => void;
}

/**
 * Installs what `checkHost` finds missing, as root or through sudo.
 *
 * @throws HOST_MISSING naming what could not be got and the command to run by hand.
 */
export async function installMissing(options: InstallOptions = {}): Promise<void> {
  const { system = realHost() } = options;
  const findings = await examineHost(system);
  if (findings.every((finding) => finding.ok)) return;
  const { steps, leftToDo } = planInstall(findings, await knownFacts(options, system));
  for (const step of steps) await runStep(step, options, system);
  const still = (await examineHost(system)).filter((finding) => !finding.ok);
  if (still.length + leftToDo.length > 0)
    throw new SpectestError("HOST_MISSING", {
      what: `this host still lacks something: ${still.map((finding) => finding.detail).join("; ")}`,
      hint: leftToDo.join("; ") || "spectest doctor",
    });
}

async function runStep(
  { argv, why }: InstallStep,
  { signal, onOutput = () => undefined }: InstallOptions,
  system: HostSystem,
): Promise<void> {
  const cancel = signal ? { signal } : {};
  onOutput(why);
  const [file = "", ...args] = system.user.isRoot ? argv : ["sudo", ...argv];
  const exitCode = system.user.isRoot
    ? (await run(file, args, { onLine: onOutput, ...cancel })).exitCode
    : await runAttached(file, args, cancel);
  if (exitCode === 0) return;
  throw new SpectestError("HOST_MISSING", {
    what: `could not ${why}: ${file} ended with exit code ${exitCode}`,
    hint: `run it yourself: ${shellWords([file, ...args])}`,
  });
}

/** apt names its sources only once it has fetched their lists, which a machine fresh from an image has not. */
async function knownFacts(options: InstallOptions, system: HostSystem): Promise<InstallFacts> {
  const facts = await gatherFacts(system);
  if (facts.indexTargets.trim() !== "" || !(await system.findProgram("apt-get"))) return facts;
  await runStep(REFRESH, options, system);
  return gatherFacts(system);
}

async function gatherFacts(system: HostSystem): Promise<InstallFacts> {
  const texts = await Promise.all(["/etc/subuid", "/etc/subgid"].map((path) => system.readText(path)));
  const aptGet = await system.findProgram("apt-get");
  return {
    distribution: readDistribution(await system.readText("/etc/os-release")),
    user: system.user,
    indexTargets: aptGet ? await system.output(aptGet, ["indextargets", "--format", INDEX_TARGETS_FORMAT]) : "",
    subordinateIds: texts.join("\n"),
  };
}

function shellWords(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w./:=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}
