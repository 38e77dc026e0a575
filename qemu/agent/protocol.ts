/** One request to the guest's agent: one line of JSON with an id added. */
export type AgentRequest =
  | { op: "ping" }
  | { op: "identity"; forkId: string; wallClockNs: string; entropy: string }
  | { op: "write"; path: string; mode: number; dataBase64: string; append: boolean; last: boolean }
  | { op: "spawn"; argv: readonly string[]; env: Record<string, string>; log: string }
  | { op: "exec"; argv: readonly string[]; stdin: string; timeoutMs: number }
  | { op: "sync" }
  | { op: "quiesce" }
  | { op: "status" }
  | { op: "shutdown" };

export type AgentMessage =
  | { kind: "reply"; id: string; fields: Record<string, unknown> }
  | { kind: "refusal"; id: string; error: string }
  | { kind: "event"; name: string };

/** Reads one line; undefined for what is none of ours (the remains of an earlier connection, kernel chatter). */
export function parseAgentLine(line: string): AgentMessage | undefined {
  const message = parseRecord(line);
  if (!message) return undefined;
  if (typeof message.event === "string") return { kind: "event", name: message.event };
  if (typeof message.id !== "string") return undefined;
  if (message.ok === true) return { kind: "reply", id: message.id, fields: message };
  if (message.ok === false)
    return { kind: "refusal", id: message.id, error: typeof message.error === "string" ? message.error : "no reason given" };
  return undefined;
}

function parseRecord(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
