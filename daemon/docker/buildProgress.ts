/** Folds BuildKit's raw progress into what people want to see: the running step, and the slowest ones. Pure. */
import type { ServiceTiming } from "../../src/protocol/index.ts";

interface Vertex {
  digest: string;
  name: string;
  started?: string;
  completed?: string;
  cached?: boolean;
  error?: string;
}
export interface RawProgress {
  vertexes?: Vertex[];
  logs?: { vertex: string; data: string }[];
}

export type BuildStep = ServiceTiming["slowestSteps"][number];

export interface BuildProgress {
  /** The detail to show, when it changed: "step 4/9 RUN npm ci". */
  add(progress: RawProgress): string | undefined;
  /** At least 1 s, at most 12, slowest first. */
  slowestSteps(): BuildStep[];
  /** What failed, with the last lines it printed. */
  failure(): { title: string; error: string; logTail: string[] } | undefined;
}

const MIN_STEP_MS = 1000;
const MAX_STEPS = 12;
const LOG_LINES = 200;

interface Step {
  title: string;
  /** End by start: a vertex may be worked on more than once. */
  spans: Map<string, string | undefined>;
  cached: boolean;
  error?: string;
}

export function createBuildProgress(): BuildProgress {
  const steps = new Map<string, Step>();
  const logs = new Map<string, string>();
  let shown: string | undefined;

  const running = (): string | undefined => {
    const open = [...steps.values()].filter((step) => [...step.spans.values()].some((end) => end === undefined));
    return open.at(-1)?.title;
  };

  return {
    add: ({ vertexes = [], logs: lines = [] }) => {
      for (const vertex of vertexes) {
        const title = stepTitle(vertex.name);
        if (title === undefined && vertex.error === undefined) continue;
        const step: Step = steps.get(vertex.digest) ?? { title: title ?? vertex.name, spans: new Map(), cached: false };
        steps.set(vertex.digest, step);
        if (vertex.started !== undefined) step.spans.set(vertex.started, vertex.completed);
        if (vertex.cached) step.cached = true;
        if (vertex.error) step.error = vertex.error;
      }
      for (const { vertex, data } of lines) {
        logs.set(vertex, ((logs.get(vertex) ?? "") + Buffer.from(data, "base64").toString("utf8")).slice(-64 * 1024));
      }
      const now = running();
      if (now === undefined || now === shown) return undefined;
      shown = now;
      return now;
    },
    slowestSteps: () =>
      [...steps.values()]
        .map((step) => ({ title: step.title, durationMs: spent(step), cached: step.cached }))
        .filter((step) => step.durationMs >= MIN_STEP_MS)
        .sort((one, other) => other.durationMs - one.durationMs)
        .slice(0, MAX_STEPS),
    failure: () => {
      for (const [digest, step] of steps) {
        if (step.error === undefined || step.error.endsWith("context canceled")) continue;
        const text = logs.get(digest)?.trimEnd() ?? "";
        return { title: step.title, error: step.error, logTail: text === "" ? [] : text.split("\n").slice(-LOG_LINES) };
      }
      return undefined;
    },
  };
}

/** "[build 2/4] RUN x" is the step "step 2/4 (build) RUN x"; "[internal] …" is none. */
function stepTitle(name: string): string | undefined {
  const match = /^\[(?:(.+?) +)?(\d+\/\d+)\] (.*)$/s.exec(name);
  if (!match) return undefined;
  const [, stage, count, instruction = ""] = match;
  const line = instruction.split("\n", 1)[0] ?? "";
  return `step ${count}${stage === undefined ? "" : ` (${stage})`} ${line}`;
}

function spent(step: Step): number {
  let sumMs = 0;
  for (const [start, end] of step.spans) if (end !== undefined) sumMs += Date.parse(end) - Date.parse(start);
  return sumMs;
}

/** Objects out of the text of `--progress=rawjson`, which some versions print over many lines. */
export function createRawJsonReader(): (text: string) => { progress: RawProgress[]; other: string[] } {
  let held = "";
  let object: string[] = [];
  return (text) => {
    const progress: RawProgress[] = [];
    const other: string[] = [];
    held += text;
    const lines = held.split("\n");
    held = lines.pop() ?? "";
    for (const line of lines) {
      if (object.length === 0 && !line.startsWith("{")) {
        if (line.trim() !== "") other.push(line);
        continue;
      }
      object.push(line);
      if (!line.endsWith("}") || (object.length > 1 && line !== "}")) continue;
      progress.push(JSON.parse(object.join("\n")));
      object = [];
    }
    return { progress, other };
  };
}
