/** The generated scripts in the real shells, by real TAB keys in a pseudo-terminal. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { shells } from "../../../completions/index.ts";
import { PtyScreen } from "../../support/pty.ts";

const dir = realpathSync(mkdtempSync(join(tmpdir(), "spectest-complete-")));
const home = join(dir, "home");
let screen: PtyScreen | undefined;

beforeAll(() => {
  for (const [shell, script] of Object.entries(shells)) writeFileSync(join(dir, `script.${shell}`), script());
  mkdirSync(join(dir, "project/.spectest/words"), { recursive: true });
  mkdirSync(join(dir, "project/.spectest/runs/20260102-run"), { recursive: true });
  mkdirSync(join(home, "words"), { recursive: true });
  writeFileSync(join(dir, "project/.spectest/words/test"), "sign up\nsign out\n$(touch injected)\n");
  writeFileSync(join(dir, "project/.spectest/words/service"), "database\n");
  writeFileSync(join(home, "words/snapshot"), "base-one\n");
});
afterEach(() => screen?.kill());
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const starts: Readonly<Record<keyof typeof shells, { args: string[]; prepare: string }>> = {
  bash: {
    args: ["--norc", "--noprofile", "-i"],
    prepare: `PS1='> '; bind 'set show-all-if-ambiguous on'; bind 'set bell-style none'; source ${dir}/script.bash`,
  },
  zsh: { args: ["-f", "-i"], prepare: `PS1='> '; unsetopt beep; autoload -U compinit; compinit -u -D; source ${dir}/script.zsh` },
  fish: {
    args: ["--no-config", "-i"],
    prepare: `function fish_prompt; echo -n '> '; end; function fish_right_prompt; end; set fish_greeting; source ${dir}/script.fish`,
  },
};

function isInstalled(shell: string): boolean {
  return spawnSync(shell, ["-c", "true"]).status === 0;
}

async function start(shell: keyof typeof shells): Promise<PtyScreen> {
  const { args, prepare } = starts[shell];
  const on = new PtyScreen(shell, args, {
    columns: 100,
    rows: 30,
    cwd: join(dir, "project"),
    env: { SPECTEST_HOME: home, TERM: "xterm", HOME: dir },
  });
  screen = on;
  await on.waitFor((now) => now.text().trim() !== "", 10_000);
  on.type(`${prepare}\r`);
  on.type("echo rea''dy\r");
  await on.waitFor(/^ready/m, 15_000);
  on.type(shell === "fish" ? "\u000c" : "clear\r");
  await on.waitFor((now) => now.text().trim() === ">", 10_000);
  return on;
}

for (const shell of Object.keys(shells) as (keyof typeof shells)[]) {
  describe.skipIf(!isInstalled(shell))(shell, () => {
    async function complete(typed: string, expected: RegExp): Promise<void> {
      const on = await start(shell);
      on.type(`${typed}\t`);
      await on.waitFor(expected, 10_000);
    }

    it.each([
      ["a command", "spectest doc", /> spectest doctor/],
      ["a command of a group", "spectest vm re", /> spectest vm resume/],
      ["an option", "spectest test --work", /> spectest test --workers/],
      ["an option's choice", "spectest test --accel t", /> spectest test --accel tcg/],
      ["a global option before the command", "spectest --ui pl", /> spectest --ui plain/],
      ["a command after a global option with a value", "spectest --ui plain doc", /> spectest --ui plain doctor/],
      ["a service from the project's words", "spectest logs data", /> spectest logs database/],
      ["a snapshot from the machine's words", "spectest vm fork base", /> spectest vm fork base-one/],
      ["a run", "spectest replay 2026", /> spectest replay 20260102-run/],
      ["a test with a space, quoted", "spectest test sign\\ o", /> spectest test sign\\ out/],
      ["a second test", "spectest test x sign\\ u", /> spectest test x sign\\ up/],
      ["only what is available: no report yet", "spectest rep", /> spectest replay/],
      ["a shell", "spectest completions fi", /> spectest completions fish/],
    ])("completes %s", async (_name, typed, expected) => complete(typed, expected));

    it("lists what there is to choose from", async () => {
      const on = await start(shell);
      on.type("spectest vm \t\t");
      await on.waitFor((now) => ["fork", "resume", "info"].every((word) => now.text().includes(word)));
    });

    it("never runs what was typed, nor what a file of words holds", async () => {
      const on = await start(shell);
      on.type("spectest test '$(touch typed)\t\u0015");
      on.type("spectest test \\$\t\u0015");
      // zsh itself expands an unquoted substitution at TAB, whoever completes.
      if (shell !== "zsh") on.type("spectest logs $(touch typed)\t\u0015");
      on.type("echo do''ne\r");
      await on.waitFor(/^done/m);
      expect(existsSync(join(dir, "project/typed"))).toBe(false);
      expect(existsSync(join(dir, "project/injected"))).toBe(false);
    });
  });
}

it("takes far less than 150 ms in bash", () => {
  const script = `source ${dir}/script.bash; COMP_WORDS=(spectest test sign); COMP_CWORD=2; time _spectest; echo "$COMPREPLY"`;
  const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", `TIMEFORMAT=%R; ${script}`], {
    cwd: join(dir, "project"),
    encoding: "utf8",
  });
  expect(stdout).toContain("sign");
  expect(Number(stderr.trim())).toBeLessThan(0.15);
});
