/** Gets services' images in place: pulls in parallel, builds one at a time, equal builds once. */
import { messageOf, SpectestError } from "../../src/errors/index.ts";
import type { ImageSpec } from "../../src/protocol/index.ts";
import type { Builder, BuildResult } from "./builder.ts";
import { renderIgnoreFile } from "./ignore.ts";
import { withTag } from "./pull.ts";
import type { Docker } from "./types.ts";

export interface ImageRequest {
  service: string;
  image: ImageSpec;
  onState(state: "pulling" | "building", detail?: string): void;
  onWarning(message: string): void;
  signal: AbortSignal;
}
export interface PreparedImage extends BuildResult {
  reference: string;
}

/** Images of this prefix come with the guest: there is no registry to ask for them. */
const BUNDLED_PREFIX = "spectest/";

export interface ImageStore {
  prepare(request: ImageRequest): Promise<PreparedImage>;
}

export interface ImageStoreOptions {
  docker: Docker;
  build: Builder;
  contextDir: string;
  /** Of all services of this bring-up, so that equal Dockerfiles have equal contexts. */
  excludes: (readonly string[] | undefined)[];
  /** Runs builds one after the other, across bring-ups and tests. */
  buildQueue: Queue;
}

export type Queue = <T>(work: () => Promise<T>) => Promise<T>;

/** Work waits for the work before it, whether that succeeded or not. */
export function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work, work);
    last = result.catch(() => {});
    return result;
  };
}

/** One store per bring-up: it remembers which builds are shared, and nothing of those that failed elsewhere. */
export function createImageStore(options: ImageStoreOptions): ImageStore {
  const { docker } = options;
  const shared = new Map<string, Promise<{ tag: string; result: BuildResult }>>();
  const ignoreFile = renderIgnoreFile(options.excludes);

  const build = async (request: ImageRequest, image: Extract<ImageSpec, { type: "dockerfile" }>): Promise<PreparedImage> => {
    const key = JSON.stringify([image.content, [...(image.exclude ?? [])].sort()]);
    const tag = `spectest-built/${request.service}:latest`;
    let first = shared.get(key);
    if (first) {
      request.onState("building", "shared with an equal image");
    } else {
      request.onState("building", "waiting for other builds");
      first = options
        .buildQueue(() => {
          request.signal.throwIfAborted();
          return options.build({
            content: image.content,
            ignoreFile,
            tag,
            contextDir: options.contextDir,
            onDetail: (detail) => request.onState("building", detail),
            signal: request.signal,
          });
        })
        .then((result) => ({ tag, result }));
      shared.set(key, first);
    }
    const { tag: built, result } = await first;
    if (built !== tag) await docker.tag(built, tag);
    return { reference: tag, slowestSteps: built === tag ? result.slowestSteps : [] };
  };

  const pull = async (request: ImageRequest, reference: string): Promise<PreparedImage> => {
    if (reference.startsWith(BUNDLED_PREFIX)) {
      if (await docker.hasImage(reference)) return { reference, slowestSteps: [] };
      throw new SpectestError("SERVICE_FAILED", {
        what: `the image ${reference} does not come with this guest`,
        hint: "`spectest image ls` lists the images of the guest",
      });
    }
    request.onState("pulling");
    try {
      await docker.pull(reference, (detail) => request.onState("pulling", detail), request.signal);
    } catch (error) {
      if (request.signal.aborted || !(await docker.hasImage(withTag(reference)))) {
        throw new SpectestError("SERVICE_FAILED", {
          what: `the image ${reference} could not be pulled: ${messageOf(error)}`,
          cause: error,
        });
      }
      request.onWarning(`${reference} could not be pulled (${messageOf(error)}); the copy that is here is used`);
    }
    return { reference: withTag(reference), slowestSteps: [] };
  };

  return {
    prepare: (request) => (request.image.type === "registry" ? pull(request, request.image.reference) : build(request, request.image)),
  };
}
