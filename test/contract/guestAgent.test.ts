import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type IPty, spawn } from "node-pty";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findAssetsDir } from "../../qemu/image/assets.ts";

/** The agent as it is in the guest, with a pseudo terminal for its port. */
class AgentUnderTest {
  readonly #pty: IPty;
  readonly #answers = new Map<string, (answer: Record<string, unknown>) => void>();
  #text = "";
  #nextId = 1;
  readonly #stderrPath: string;

  constructor(dir: string) {
    this.#stderrPath = join(dir, "stderr");
    const command = `stty raw -echo; exec perl "$1" 2>"$2"`;
    this.#pty = spawn("sh", ["-c", command, "sh", join(findAssetsDir(), "guest", "agent.pl"), this.#stderrPath], {
      env: { PATH: process.env.PATH, SPECTEST_AGENT_PORT: "/dev/tty", SPECTEST_AGENT_STATE: dir, SPECTEST_AGENT_DOCKER: join(dir, "none") },
    });
    this.#pty.onData((data) => this.#take(data));
  }

  send(text: string): void {
    this.#pty.write(text);
  }

  call(request: Record<string, unknown>): Promise<Record<string, unknown>> {
    const id = String(this.#nextId++);
    const answered = new Promise<Record<string, unknown>>((resolve) => this.#answers.set(id, resolve));
    this.send(`${JSON.stringify({ ...request, id })}\n`);
    return answered;
  }

  /** The terminal echoes until it is raw, so only what answers a request counts. */
  #take(data: string): void {
    this.#text += data;
    const lines = this.#text.split("\n");
    this.#text = lines.pop() ?? "";
    for (const line of lines) {
      try {
        const answer = JSON.parse(line);
        if ("ok" in answer) this.#answers.get(answer.id)?.(answer);
      } catch {
        // Echoed input.
      }
    }
  }

  stderr(): Promise<string> {
    return readFile(this.#stderrPath, "utf8");
  }

  close(): void {
    this.#pty.kill("SIGKILL");
  }
}

let dir: string;
let agent: AgentUnderTest;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "spectest-agent-"));
  agent = new AgentUnderTest(dir);
  // The terminal may still be cooked when the first request goes out; it is repeated until one is answered.
  const repeat = setInterval(() => agent.send('{"id":"0","op":"ping"}\n'), 50);
  try {
    await agent.call({ op: "ping" });
  } finally {
    clearInterval(repeat);
  }
});
afterEach(async () => {
  agent.close();
  await rm(dir, { recursive: true, force: true });
});

describe("the agent in the guest", () => {
  it("says how long the machine is up and which boot it is", async () => {
    expect(await agent.call({ op: "ping" })).toMatchObject({
      ok: true,
      uptimeMs: expect.any(Number),
      bootId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it("puts a file in place with its last chunk, parents and mode included", async () => {
    const path = join(dir, "deep/er/file");
    const data = Buffer.from(Array.from({ length: 300_001 }, (_, index) => (index * 7) % 256));
    const half = 150_000;
    await agent.call({ op: "write", path, dataBase64: data.subarray(0, half).toString("base64") });
    await expect(stat(path)).rejects.toThrow("ENOENT");
    await agent.call({ op: "write", path, dataBase64: data.subarray(half).toString("base64"), append: true, last: true, mode: 0o750 });
    expect((await readFile(path)).equals(data)).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o750);
  });

  it("runs a program with input, and goes on answering meanwhile", async () => {
    const slow = agent.call({ op: "exec", argv: ["sh", "-c", "cat; sleep 0.3; echo oops >&2; exit 3"], stdin: 'zwölf "x"\n\\' });
    expect(await agent.call({ op: "ping" })).toMatchObject({ ok: true });
    expect(await slow).toMatchObject({ ok: true, exitCode: 3, stdout: 'zwölf "x"\n\\', stderr: "oops\n" });
  });

  it("ends a program at its time limit", async () => {
    expect(await agent.call({ op: "exec", argv: ["sleep", "60"], timeoutMs: 100 })).toMatchObject({
      ok: true,
      exitCode: 137,
      timedOut: true,
    });
  });

  it("says so when there is no such program", async () => {
    expect(await agent.call({ op: "exec", argv: ["/no/such/program"] })).toMatchObject({ ok: true, exitCode: 127 });
  });

  it("starts a program of its own session, its output in a log", async () => {
    const log = join(dir, "logs/out");
    const { pid } = await agent.call({ op: "spawn", argv: ["sh", "-c", "echo $GREETING; ps -o sid= -p $$"], env: { GREETING: "hi" }, log });
    await expect.poll(async () => (await readFile(log, "utf8")).trim().split(/\s+/)).toEqual(["hi", String(pid)]);
  });

  it("drops garbage, torn lines and lines without end, and lives on", async () => {
    agent.send('\n{"id":"torn","op":"pi\n}{\n[1]\n{"op":"ping"}\n{"id":{"a":1},"op":"ping"}\n\u0000\u0001\n');
    agent.send(`${"x".repeat(100_000)}\n`);
    expect(await agent.call({ op: "ping" })).toMatchObject({ ok: true });
    expect(await agent.stderr()).toBe("");
  });

  it.each([
    [{ op: "nonsense" }, "no such operation"],
    [{ op: "exec", argv: [] }, "argv is missing"],
    [{ op: "write", dataBase64: "AA==" }, "path is missing"],
    [{ op: "identity", forkId: "f", entropy: "00" }, "entropy must be 32 bytes or more, in hex"],
    [{ op: "identity", entropy: "00" }, "forkId is missing"],
  ])("refuses %j with the reason", async (request, error) => {
    expect(await agent.call(request)).toMatchObject({ ok: false, error });
  });

  it("knows that Docker is not there", async () => {
    expect(await agent.call({ op: "status" })).toMatchObject({ ok: true, docker: false });
  });
});
