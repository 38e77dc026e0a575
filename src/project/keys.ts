import type { EnvironmentBundle } from "./bundle.ts";
import type { Workspace } from "./workspace.ts";

/** The part of a parsed environment that says whether, and without what, the workspace is needed. */
export interface ServicesWithImages {
  readonly services: readonly {
    readonly spec: {
      readonly image: { readonly type: "registry" } | { readonly type: "dockerfile"; readonly exclude?: string[] | undefined };
    };
  }[];
}

/** What to leave out of the workspace (sorted, without repeats), or undefined when no service is built from a Dockerfile. */
export function workspaceExcludes(environment: ServicesWithImages): string[] | undefined {
  const images = environment.services.map((service) => service.spec.image).filter((image) => image.type === "dockerfile");
  if (images.length === 0) return undefined;
  return [...new Set(images.flatMap((image) => image.exclude ?? []))].sort();
}

/** The project's share of an environment's key, for `hashOf`. */
export function environmentInputs(env: EnvironmentBundle, workspace: Workspace | undefined): readonly string[] {
  return ["environment", env.hash, "workspace", workspace?.hash ?? "none"];
}
