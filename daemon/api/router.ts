/** Which route of the table a request is for. Pure. */
import { type RouteName, routes } from "../../src/protocol/index.ts";

export type Match =
  | { type: "found"; name: RouteName; params: Record<string, string> }
  | { type: "wrong-method"; allowed: string[] }
  | { type: "unknown" };

interface Entry {
  name: RouteName;
  method: string;
  segments: string[];
}

const entries: readonly Entry[] = (Object.keys(routes) as RouteName[]).map((name) => ({
  name,
  method: routes[name].method,
  segments: routes[name].path.split("/"),
}));

export function matchRoute(method: string, target: string): Match {
  const path = target.split("?", 1)[0] ?? "";
  const asked = path.split("/");
  const allowed: string[] = [];
  for (const entry of entries) {
    const params = matchPath(entry.segments, asked);
    if (!params) continue;
    if (entry.method === method) return { type: "found", name: entry.name, params };
    allowed.push(entry.method);
  }
  return allowed.length > 0 ? { type: "wrong-method", allowed } : { type: "unknown" };
}

function matchPath(segments: readonly string[], asked: readonly string[]): Record<string, string> | undefined {
  if (segments.length !== asked.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const value = asked[index] ?? "";
    if (!segment.startsWith(":")) {
      if (segment !== value) return undefined;
      continue;
    }
    const decoded = decode(value);
    if (decoded === undefined || decoded === "") return undefined;
    params[segment.slice(1)] = decoded;
  }
  return params;
}

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
