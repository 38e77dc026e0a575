/** Pulling an image, with its layers counted. */
import type Dockerode from "dockerode";
import { SpectestError } from "../../src/errors/index.ts";

export interface PullLine {
  status?: string;
  id?: string;
  error?: string;
}

/** Folds the lines of a pull into "3/7 layers". Pure. */
export function createPullCounter(): (line: PullLine) => string | undefined {
  const layers = new Map<string, boolean>();
  let last = "";
  return ({ status = "", id }) => {
    if (id === undefined || status.startsWith("Pulling from")) return undefined;
    layers.set(id, status === "Pull complete" || status === "Already exists");
    const done = [...layers.values()].filter(Boolean).length;
    const detail = `${done}/${layers.size} layers`;
    if (detail === last) return undefined;
    last = detail;
    return detail;
  };
}

export async function followPull(
  docker: Dockerode,
  reference: string,
  onDetail: (detail: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const stream = await docker.pull(withTag(reference), { abortSignal: signal });
  const count = createPullCounter();
  await new Promise<void>((resolve, reject) => {
    const onProgress = (line: PullLine): void => {
      const detail = count(line);
      if (detail !== undefined) onDetail(detail);
    };
    docker.modem.followProgress(stream, (error: Error | null) => (error ? reject(error) : resolve()), onProgress);
    signal.addEventListener("abort", () => reject(new SpectestError("CANCELLED", { what: `the pull of ${reference} was cancelled` })), {
      once: true,
    });
  });
}

/** Docker pulls every tag of a reference without one. */
export function withTag(reference: string): string {
  const name = reference.slice(reference.lastIndexOf("/") + 1);
  return name.includes(":") || reference.includes("@") ? reference : `${reference}:latest`;
}
