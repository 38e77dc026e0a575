export {
  type Bundle,
  type BundleOptions,
  bundleProject,
  type EnvironmentBundle,
  findTestFiles,
  GUEST_BUNDLES_DIR,
  type ProjectBundle,
  type TestFileInputs,
  type TestsBundle,
} from "./bundle.ts";
export { findProject, PROJECT_DIRECTORY, type Project } from "./find.ts";
export { DEFAULT_EXCLUDES } from "./ignore.ts";
export { environmentInputs, type ServicesWithImages, workspaceExcludes } from "./keys.ts";
export type { ProjectPath } from "./outputs.ts";
export { type PackOptions, packWorkspace, type Workspace } from "./workspace.ts";
