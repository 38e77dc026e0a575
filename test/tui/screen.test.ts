/** What a person sees: the real view in a real pseudo-terminal, read from the cells of an emulator. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { PtyScreen } from "../support/pty.ts";

const dir = mkdtempSync(join(tmpdir(), "spectest-tui-"));
const program = join(dir, "program.mjs");
const stub = join(dir, "stub.mjs");
let screen: PtyScreen | undefined;

beforeAll(async () => {
  writeFileSync(stub, "export default {};\n");
  await build({
    entryPoints: [join(import.meta.dirname, "program.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    define: { "process.env.NODE_ENV": '"production"' },
    banner: { js: 'import { createRequire as r } from "node:module"; const require = r(import.meta.url);' },
    // As in the real build: Ink asks for it only when debugged.
    alias: { "react-devtools-core": stub },
    logLevel: "error",
  });
}, 60_000);
afterEach(() => screen?.kill());
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function show(scenario: string, columns = 80, rows = 24, env: Record<string, string> = {}): PtyScreen {
  screen = new PtyScreen(process.execPath, [program], { columns, rows, env: { SCENARIO: scenario, ...env } });
  return screen;
}

describe("bring-up", () => {
  it("shows phases and services with state, detail and age", async () => {
    const on = show("bring-up");
    await on.waitFor("probing");
    const text = on.text();
    expect(text).toMatch(/✓ image\s+reused/);
    expect(text).toMatch(/▸ services/);
    expect(text).toMatch(/▸ db\s+probing/);
    expect(text).toMatch(/▸ api\s+building\s+step 4\/9 RUN npm ci/);
    expect(on.lines()[0]).toMatch(/^ spectest test · tcg\s+0\/2 services ready\s+[\d.]+ m?s$/);
    expect(on.lines()[23]).toMatch(/working .*\? keys {2}q quit$/);
    expect(on.lines()[23]).not.toContain("failures");
    expect(on.isAlternate).toBe(true);
  });

  it("opens the log of a service that failed", async () => {
    const on = show("failed");
    await on.waitFor("✗ api");
    expect(on.text()).toContain("│ Error: cannot find module './routes'");
    expect(on.text()).toContain("hint: spectest logs api");
    expect(on.lines()[23]).toMatch(/^ error/);
  });
});

describe("tests", () => {
  it.each([
    [80, 24],
    [120, 40],
    [60, 15],
    [40, 8],
  ])("shows the tree at %i×%i, never wider or higher than the screen", async (columns, rows) => {
    const on = show("whole", columns, rows);
    await on.waitFor("health");
    const text = on.text();
    for (const name of ["sign up", "pay", "refund", "log out"]) expect(text).toContain(name);
    expect(text).toMatch(/ {2,}⊘ refund/);
    expect(on.lines()[0]).toContain("5/5");
    expect(on.lines()[rows - 1]).toContain("failed");
    // A line too long or one too many would have scrolled the first row away.
    expect(on.lines()[0]).toContain("spectest");
  });

  it("shows the detail beside the list on a wide screen only", async () => {
    const wide = show("whole", 120, 40);
    await wide.waitFor("received");
    expect(wide.text()).toMatch(/│ ✗ pay/);
    wide.kill();
    const narrow = show("whole", 80, 24);
    await narrow.waitFor("health");
    expect(narrow.text()).not.toContain("1 terminal");
    narrow.type("\r");
    await narrow.waitFor("1 terminal");
    narrow.type("\u001b");
    await narrow.waitFor((now) => !now.text().includes("1 terminal"));
  });

  it("shows one line on a tiny screen", async () => {
    const on = show("whole", 30, 6);
    await on.waitFor("failed");
    expect(on.lines()[0]).toBe("failed 2 ok 1 failed 3.8 s");
    expect(on.lines().slice(1).join("")).toBe("");
  });

  it("counts the time of a running test", async () => {
    const on = show("running");
    await on.waitFor(/▸ pay\s+\d+ ms/);
    const before = on.lines().find((line) => line.includes("▸ pay"));
    await on.waitFor(
      (now) => now.lines().some((line) => line.includes("▸ pay")) && now.lines().find((line) => line.includes("▸ pay")) !== before,
    );
    expect(on.lines()[23]).toContain("2 running");
  });

  it("equals a fresh drawing after many updates and resizes", async () => {
    const on = show("resume", 100, 30);
    await on.waitFor("blocked by pay", 20_000);
    on.resize(80, 24);
    on.resize(120, 40);
    on.resize(100, 30);
    await on.waitFor((now) => /failed.*q quit/.test(now.lines()[29] ?? ""), 20_000);
    on.type("gGgj");
    await on.waitFor(/▌ +✗ pay/);
    const fresh = show("whole", 100, 30);
    fresh.type("gGgj");
    await fresh.waitFor(/▌ +✗ pay/);
    await fresh.waitFor((now) => now.text() === on.text());
    on.kill();
  });
});

describe("keys", () => {
  it("moves, even when keys come in one piece, and with split sequences", async () => {
    const on = show("whole");
    await on.waitFor("health");
    on.type("gjjj");
    await on.waitFor(/▌ +≈ log out/);
    on.type("\u001b[");
    on.type("A");
    await on.waitFor(/▌ +⊘ refund/);
    on.type("\u001b[<0;10;5M\u001b[<0;10;5m");
    on.type("G");
    await on.waitFor(/▌✓ health/);
  });

  it("shows events with where asserted values came from", async () => {
    const on = show("whole", 120, 40);
    await on.waitFor("health");
    on.type("g2");
    await on.waitFor(/✓ expect toBe 201\s+← #0 status/);
    expect(on.text()).toMatch(/↔ POST https:\/\/shop\.test\/users → 201\s+35 ms/);
  });

  it("shows the error with difference and source", async () => {
    const on = show("whole", 120, 40);
    await on.waitFor("health");
    on.type("gj3");
    await on.waitFor("> 12 | const line12 = 12;");
    expect(on.text()).toContain("- 201");
    expect(on.text()).toContain("+ 500");
  });

  it("shows logs and the timeline", async () => {
    const on = show("whole", 120, 40);
    await on.waitFor("health");
    on.type("gj4");
    await on.waitFor("│ POST /pay 500");
    on.type("5");
    await on.waitFor(/█+\s+\$ db psql/);
  });

  it("plays the terminal recording, with its colours", async () => {
    const on = show("whole", 120, 40);
    await on.waitFor("health");
    on.type("gj1");
    await on.waitFor("│1 row");
    const y = on.lines().findIndex((line) => line.includes("│1 row"));
    const x = on.lines()[y]?.indexOf("1 row") ?? 0;
    expect(on.cell(x, y)?.getFgColor()).toBe(2);
    on.type(",");
    await on.waitFor((now) => now.text().includes("$ psql -c") && !now.text().includes("│1 row"));
    on.type(" ");
    await on.waitFor("│1 row");
  });

  it("filters, shows failures only, and goes back", async () => {
    const on = show("whole");
    await on.waitFor("health");
    on.type("/out");
    await on.waitFor((now) => now.text().includes("log out") && !now.text().includes("health"));
    on.type("\u001b");
    await on.waitFor("health");
    on.type("f");
    await on.waitFor((now) => !now.text().includes("health") && now.text().includes("pay"));
    on.type("f");
    await on.waitFor("health");
  });

  it("windows thousands of tests", async () => {
    const on = show("many");
    await on.waitFor("test 1 日本語");
    on.type("G");
    await on.waitFor("test 2000 日本語");
    on.type("g");
    await on.waitFor("▌· test 1 日本語");
    expect(on.lines()[0]).toContain("0/2000");
  });

  it("explains itself from the one table of keys", async () => {
    const on = show("whole", 80, 40);
    await on.waitFor("health");
    on.type("?");
    await on.waitFor("failures only, and back to all");
    on.type("\u001b");
    await on.waitFor("health");
  });
});

describe("the way out", () => {
  async function expectRestored(on: PtyScreen): Promise<void> {
    expect(on.isAlternate).toBe(false);
    expect(on.isCursorHidden).toBe(false);
  }

  it("leaves by itself when everything passed and nobody pressed a key", async () => {
    const on = show("passed");
    expect(await on.exited).toBe(0);
    await expectRestored(on);
    expect(on.history()).toContain("after the view");
  });

  it("stays with failures until q", async () => {
    const on = show("whole");
    await on.waitFor("health");
    on.type("q");
    expect(await on.exited).toBe(0);
    await expectRestored(on);
    expect(on.history()).not.toContain("health");
  });

  it("cancels a run at Ctrl-C and says how to force", async () => {
    const on = show("stubborn");
    await on.waitFor("bundle");
    on.type("\u0003");
    await on.waitFor("Ctrl-C again to force");
    on.type("q");
    on.type("\u0003");
    expect(await on.exited).toBe(130);
    await expectRestored(on);
  });

  it("leaves when the cancelled run has ended", async () => {
    const on = show("running");
    await on.waitFor("2 running");
    on.type("q");
    expect(await on.exited).toBe(0);
    await expectRestored(on);
  });

  it("gives the terminal back when the program crashes", async () => {
    const on = show("crash");
    expect(await on.exited).toBe(1);
    await expectRestored(on);
    expect(on.history()).toContain("crashed on purpose");
  });

  it("gives the terminal back and goes on when the view itself breaks", async () => {
    const on = show("broken-view", 120, 40);
    expect(await on.exited).toBe(0);
    await expectRestored(on);
    expect(on.history()).toContain("failed over: the view is broken");
  });

  it("obeys NO_COLOR", async () => {
    const on = show("whole", 80, 24, { NO_COLOR: "1" });
    await on.waitFor("health");
    // oxlint-disable-next-line no-control-regex -- a colour is a control sequence
    expect(on.raw).not.toMatch(/\u001b\[(3|4|9)\d/);
  });
});
