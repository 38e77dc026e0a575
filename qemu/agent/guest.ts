import { SpectestError } from "../../src/errors/index.ts";
import type { GuestAgent } from "../types.ts";
import type { AgentRequest } from "./protocol.ts";

/** Raw bytes per request; a line stays well below what the guest accepts. */
const CHUNK_BYTES = 192 * 1024;
const DEFAULT_EXEC_TIMEOUT_MS = 60_000;
/** How much longer the host waits than the guest does, so that the guest's own time-out is the one that speaks. */
const GRACE_MS = 5_000;

/** Sends one request and resolves to the fields of its answer; rejects with VM_DEAD when the machine is gone. */
export type AskGuest = (request: AgentRequest, options?: { timeoutMs?: number }) => Promise<Record<string, unknown>>;

/** The public face of the agent. */
export function guestAgent(ask: AskGuest): GuestAgent {
  return {
    async ping(timeoutMs = 10_000) {
      await ask({ op: "ping" }, { timeoutMs });
    },
    async writeFile(path, data, { mode = 0o644 } = {}) {
      for (let offset = 0; offset === 0 || offset < data.byteLength; offset += CHUNK_BYTES) {
        const chunk = data.subarray(offset, offset + CHUNK_BYTES);
        await ask({
          op: "write",
          path,
          mode,
          dataBase64: Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("base64"),
          append: offset > 0,
          last: offset + CHUNK_BYTES >= data.byteLength,
        });
      }
    },
    async spawn(argv, { log, env = {} }) {
      const { pid } = await ask({ op: "spawn", argv, env, log });
      if (typeof pid !== "number") throw new SpectestError("AGENT", { what: "the guest agent named no process id", value: pid });
      return { pid };
    },
    async exec(argv, { timeoutMs = DEFAULT_EXEC_TIMEOUT_MS, stdin = "" } = {}) {
      const reply = await ask({ op: "exec", argv, stdin, timeoutMs }, { timeoutMs: timeoutMs + GRACE_MS });
      if (reply.timedOut === true) throw new SpectestError("AGENT", { what: `no end after ${timeoutMs} ms: ${argv.join(" ")}` });
      const { exitCode, stdout, stderr } = reply;
      if (typeof exitCode !== "number" || typeof stdout !== "string" || typeof stderr !== "string") {
        throw new SpectestError("AGENT", { what: "the guest agent's answer to exec lacks a field", value: reply });
      }
      return { exitCode, stdout, stderr };
    },
  };
}
