/** Where the daemon keeps things. Paths are named here and nowhere else. */
import { join } from "node:path";

export interface Layout {
  /** Everything below is the daemon's own. */
  stateDir: string;
  bundlesDir: string;
  bundleDir(hash: string): string;
  workspaceDir: string;
  /** Volumes that survive a rebuild of the environment. */
  cacheVolumesDir: string;
  /** Absolute volume sources in use, which a rebuilt environment empties first. */
  absoluteVolumesFile: string;
  serviceFilesDir(service: string): string;
  /** Mounted into every container. */
  caDir: string;
  caKeyFile: string;
  caFile: string;
  caBundleFile: string;
  buildDir: string;
  evalDir: string;
  fakesSocket: string;
}

export function createLayout(stateDir: string): Layout {
  const at = (...parts: string[]): string => join(stateDir, ...parts);
  return {
    stateDir,
    bundlesDir: at("bundles"),
    bundleDir: (hash) => at("bundles", hash),
    workspaceDir: at("workspace"),
    cacheVolumesDir: at("cache"),
    absoluteVolumesFile: at("absolute-volumes.json"),
    serviceFilesDir: (service) => at("files", service),
    caDir: at("ca", "public"),
    caKeyFile: at("ca", "key.pem"),
    caFile: at("ca", "public", "ca.pem"),
    caBundleFile: at("ca", "public", "bundle.pem"),
    buildDir: at("build"),
    evalDir: at("eval"),
    fakesSocket: at("fakes.sock"),
  };
}
