/** Which request belongs to whom, by host name. Pure. */
import { matchesPattern } from "../names/table.ts";

export type IngressTarget = { type: "service"; service: string; port: number } | { type: "fake"; fake: string };

/** Names that share a certificate and a target. */
export interface IngressRoute {
  hostnames: readonly string[];
  /** Besides 80 and 443, for fakes that declare one. */
  port?: number;
  target: IngressTarget;
}

/** Exact names win over patterns, longer patterns over shorter, later routes over earlier. */
export function routeFor(routes: readonly IngressRoute[], host: string): IngressRoute | undefined {
  const name = hostnameOf(host);
  const latest = routes.toReversed();
  const exact = latest.find((route) => route.hostnames.some((candidate) => candidate.toLowerCase() === name));
  if (exact) return exact;
  const longest = (route: IngressRoute): number =>
    Math.max(0, ...route.hostnames.filter((pattern) => matchesPattern(pattern, name)).map((pattern) => pattern.length));
  return latest.filter((route) => longest(route) > 0).sort((one, other) => longest(other) - longest(one))[0];
}

/** Of a Host header: lower case, without the port. */
export function hostnameOf(host: string): string {
  return host.replace(/:\d+$/, "").replace(/\.$/, "").toLowerCase();
}

const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Raw headers (name, value, name, value …) without those that concern one connection only. */
export function endToEndHeaders(rawHeaders: readonly string[]): string[] {
  const named = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== "connection") continue;
    for (const name of (rawHeaders[at + 1] ?? "").split(",")) named.add(name.trim().toLowerCase());
  }
  const kept: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    const lower = name.toLowerCase();
    if (!HOP_BY_HOP.has(lower) && !named.has(lower)) kept.push(name, rawHeaders[at + 1] ?? "");
  }
  return kept;
}

/** Adds the client to X-Forwarded-For and says how it came; what a client claims of proto and host is replaced. */
export function withForwarded(headers: readonly string[], client: string, proto: "http" | "https", host: string): string[] {
  const kept: string[] = [];
  const earlier: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const lower = headers[at]?.toLowerCase();
    if (lower === "x-forwarded-for") earlier.push(headers[at + 1] ?? "");
    else if (lower !== "x-forwarded-proto" && lower !== "x-forwarded-host") kept.push(headers[at] ?? "", headers[at + 1] ?? "");
  }
  return [...kept, "X-Forwarded-For", [...earlier, client].join(", "), "X-Forwarded-Proto", proto, "X-Forwarded-Host", host];
}
