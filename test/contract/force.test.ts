/** The second Ctrl-C: everything a process has started ends with it, process groups of their own included. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { expect, it } from "vitest";

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

it("ends children, grandchildren and detached groups, and nobody else", async () => {
  const dir = mkdtempSync(join(tmpdir(), "spectest-force-"));
  const source = join(import.meta.dirname, "../../src/platform/descendants.ts");
  buildSync({ entryPoints: [source], outfile: join(dir, "descendants.mjs"), bundle: true, platform: "node", format: "esm" });
  const program = join(dir, "program.mjs");
  writeFileSync(
    program,
    `import { spawn } from "node:child_process";
import { killDescendants } from "./descendants.mjs";
const plain = spawn("sleep", ["60"]);
const group = spawn("sh", ["-c", "sleep 60 & echo $!; wait"], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
group.stdout.once("data", (data) => {
  process.stdout.write([plain.pid, group.pid, Number(String(data))].join(" ") + "\\n");
});
process.stdin.once("data", () => { killDescendants(); process.exit(130); });
`,
  );
  const bystander = spawn("sleep", ["60"]);
  const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] });
  const line = await new Promise<string>((resolve) => child.stdout.once("data", (data) => resolve(String(data))));
  const pids = line.trim().split(" ").map(Number);
  expect(pids.map(isAlive)).toEqual([true, true, true]);
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.stdin.write("now\n");
  expect(await exited).toBe(130);
  await expect.poll(() => pids.filter(isAlive), { timeout: 5_000 }).toEqual([]);
  expect(isAlive(bystander.pid ?? 0)).toBe(true);
  bystander.kill();
  rmSync(dir, { recursive: true, force: true });
});
