/** What is built: each group is one esbuild run, so that everything inside it shares module instances. */
import { refuseNative, stubUnused } from "./plugins.mjs";

// CommonJS packages inside an ES module still expect what Node gives to CommonJS.
const commonJsBanner = [
  'import { createRequire as spectestCreateRequire } from "node:module";',
  "const require = spectestCreateRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;",
].join(" ");

const shared = {
  bundle: true,
  platform: "node",
  format: "esm",
  charset: "utf8",
  legalComments: "none",
  write: false,
  metafile: true,
  logLevel: "silent",
  banner: { js: commonJsBanner },
  define: { "process.env.NODE_ENV": '"production"' },
};

const guest = {
  ...shared,
  target: "node24",
  // Names stay: stack traces of the guest are read by people. Whitespace goes: parsing is slow under emulation.
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: "external",
  outExtension: { ".js": ".mjs" },
  plugins: [stubUnused, refuseNative],
};

/**
 * `out` is where the files go, below dist/; `entries` maps output names to sources. Groups with the same `out`
 * must not produce the same names.
 */
export const groups = [
  {
    name: "cli",
    out: ".",
    chunks: "chunks",
    entries: { cli: "src/cli/main.ts" },
    options: {
      ...shared,
      target: "node20.19",
      splitting: true,
      chunkNames: "chunks/[name]-[hash]",
      sourcemap: "linked",
      // esbuild runs its own binary from its own package; node-pty is native.
      external: ["esbuild", "node-pty"],
      plugins: [stubUnused],
    },
  },
  {
    name: "sdk",
    out: "sdk",
    entries: { index: "src/sdk/index.ts" },
    // Splitting keeps the drivers behind a lazy import: the host has only their types.
    options: { ...shared, target: "node20.19", sourcemap: "linked", packages: "external", splitting: true, chunkNames: "[name]-[hash]" },
  },
  {
    name: "guest daemon",
    out: "guest",
    entries: { daemon: "daemon/main.ts" },
    options: guest,
  },
  {
    // One run, so that the tests' `spectest` and the host that runs them are the same module instances.
    name: "guest host",
    out: "guest",
    chunks: "guest/chunks",
    entries: { host: "daemon/host.ts", spectest: "src/sdk/index.ts" },
    options: { ...guest, splitting: true, chunkNames: "chunks/[name]-[hash]" },
  },
];
