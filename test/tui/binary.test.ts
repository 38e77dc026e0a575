/** The real command line in a pseudo-terminal and in pipes, over a recorded run. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createJournal, type RunEvent } from "../../src/events/index.ts";
import { failedBringUp, wholeRun } from "../fixtures/run-events.ts";
import { PtyScreen } from "../support/pty.ts";

const dir = mkdtempSync(join(tmpdir(), "spectest-binary-"));
const cli = join(dir, "dist/cli.js");
let screen: PtyScreen | undefined;

function record(name: string, events: readonly RunEvent[]): void {
  const project = join(dir, name);
  const state = join(project, ".spectest");
  const journal = createJournal({ stateDir: state, runDir: join(state, "runs", "20260102-030405-abcd") });
  for (const event of events) journal.append(event.type === "run-started" ? { ...event, projectDir: project } : event);
  journal.close();
}

beforeAll(async () => {
  const stub = join(dir, "stub.mjs");
  writeFileSync(stub, "export default {};\n");
  await build({
    entryPoints: { cli: join(import.meta.dirname, "../../src/cli/main.ts") },
    outdir: join(dir, "dist"),
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    define: { "process.env.NODE_ENV": '"production"' },
    banner: { js: 'import { createRequire as r } from "node:module"; const require = r(import.meta.url);' },
    alias: { "react-devtools-core": stub },
    external: ["esbuild", "node-pty"],
    logLevel: "error",
  });
  record("failed", wholeRun);
  record("no-service", failedBringUp);
  mkdirSync(join(dir, "empty"));
}, 60_000);
afterEach(() => screen?.kill());
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function terminal(args: readonly string[], env: Record<string, string> = {}, columns = 80, rows = 24): PtyScreen {
  screen = new PtyScreen(process.execPath, [cli, ...args], { columns, rows, env });
  return screen;
}

function piped(args: readonly string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [cli, ...args], { encoding: "utf8", env: { PATH: process.env.PATH, HOME: dir, ...env } });
}

describe("at a terminal", () => {
  it("shows the screen, and prints the summary to the main screen after it", async () => {
    const on = terminal(["--cwd", join(dir, "failed"), "replay"]);
    await on.waitFor("health");
    expect(on.isAlternate).toBe(true);
    on.type("q");
    expect(await on.exited).toBe(0);
    expect(on.isAlternate).toBe(false);
    expect(on.isCursorHidden).toBe(false);
    expect(on.history()).toContain("1) sign up › pay");
    expect(on.history()).toContain("Tests  1 failed, 1 flaky, 1 blocked, 2 passed (5)");
  });

  it("prints why a service failed after the screen", async () => {
    const on = terminal(["--cwd", join(dir, "no-service"), "replay"]);
    await on.waitFor("✗ api");
    on.type("q");
    await on.exited;
    expect(on.history()).toContain("│ Error: cannot find module './routes'");
  });

  it.each<[string, string[], Record<string, string>, number, number]>([
    ["in CI", [], { CI: "true" }, 80, 24],
    ["for an agent", [], { AI_AGENT: "1" }, 80, 24],
    ["on a dumb terminal", [], { TERM: "dumb" }, 80, 24],
    ["on a tiny terminal", [], {}, 39, 24],
    ["when asked to", ["--ui", "plain"], {}, 80, 24],
  ])("prints plain lines %s", async (_name, args, env, columns, rows) => {
    const on = terminal(["--cwd", join(dir, "failed"), "replay", ...args], env, columns, rows);
    expect(await on.exited).toBe(0);
    expect(on.raw).not.toContain("\u001b[?1049h");
    expect(on.history()).toContain("✓ sign up");
  });

  it("colours lines unless NO_COLOR says otherwise", async () => {
    const colored = terminal(["--cwd", join(dir, "failed"), "replay", "--ui", "plain"]);
    await colored.exited;
    expect(colored.raw).toContain("\u001b[32m✓");
    colored.kill();
    const plain = terminal(["--cwd", join(dir, "failed"), "replay", "--ui", "plain"], { NO_COLOR: "1" });
    await plain.exited;
    expect(plain.raw).not.toContain("\u001b[32m");
  });

  it.each(["SIGTERM", "SIGHUP"])("gives the terminal back at %s", async (signal) => {
    const on = terminal(["--cwd", join(dir, "failed"), "replay"]);
    await on.waitFor("health");
    on.signal(signal);
    expect(await on.exited).toBe(signal === "SIGTERM" ? 143 : 129);
    expect(on.isAlternate).toBe(false);
    expect(on.isCursorHidden).toBe(false);
  });
});

describe("in pipes", () => {
  it("prints the version fast, without anything else", () => {
    const { stdout, stderr, status } = piped(["--version"]);
    expect([stdout, stderr, status]).toEqual(["0.1.0\n", "", 0]);
  });

  it("prints lines without colours, and JSON alone when asked to", () => {
    const plain = piped(["--cwd", join(dir, "failed"), "replay"]);
    expect(plain.stdout).toContain("✓ sign up");
    // oxlint-disable-next-line no-control-regex -- a colour is a control sequence
    expect(plain.stdout + plain.stderr).not.toMatch(/\u001b/);
    expect(JSON.parse(piped(["--cwd", join(dir, "failed"), "replay", "--json"]).stdout)).toMatchObject({ schemaVersion: 1 });
    expect(piped(["--cwd", join(dir, "failed"), "runs"], { FORCE_COLOR: "1" }).status).toBe(0);
  });

  it("exits with the code of the error's family, with JSON for programs", () => {
    const { status, stdout, stderr } = piped(["tset", "--json"]);
    expect(status).toBe(2);
    expect(stderr).toBe('error: unknown command "tset"\n  hint: did you mean `spectest test`?\n');
    expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, error: { code: "USAGE" } });
    expect(piped(["--cwd", join(dir, "empty"), "runs"]).status).toBe(2);
    expect(piped(["--cwd", join(dir, "nowhere"), "runs"]).status).toBe(2);
    expect(piped(["runs", "--verbose", "--cwd", join(dir, "empty")]).stderr).toContain("    at ");
  });

  it("ends quietly when its reader has left", async () => {
    const child = spawn(process.execPath, [cli, "--cwd", join(dir, "failed"), "replay", "--ui", "json"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let errors = "";
    child.stderr.on("data", (data) => {
      errors += String(data);
    });
    child.stdout.destroy();
    const code = await new Promise((resolve) => child.once("exit", resolve));
    expect(code).toBe(141);
    expect(errors).toBe("");
  });
});
