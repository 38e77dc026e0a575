/** The borders between rooms, as data. A line that is not here is not allowed; add one only with a reason that holds. */

export interface Room {
  /** Rooms it may import. */
  readonly mayImport: readonly string[];
  /** Rooms it may import types from, and rooms it may load lazily with import(). */
  readonly types?: readonly string[];
  readonly lazily?: readonly string[];
  /** Shown when a border is crossed. */
  readonly because: string;
}

export const rooms: Readonly<Record<string, Room>> = {
  "src/cli": {
    mayImport: ["src/orchestrator", "src/events", "src/reporters", "src/platform", "src/errors", "qemu"],
    types: ["src/protocol"],
    lazily: ["tui", "completions"],
    because: "a command is a thin face: work belongs to the orchestrator, and the screen loads only when it is shown",
  },
  "src/orchestrator": {
    mayImport: ["qemu", "src/guest", "src/project", "src/events", "src/graph", "src/platform", "src/errors", "src/protocol"],
    because: "it decides what runs and knows no face and no wire",
  },
  "src/project": {
    mayImport: ["src/platform", "src/errors"],
    because: "the user's files are bundled without knowing who runs them",
  },
  qemu: {
    mayImport: ["src/platform", "src/errors"],
    because: "the engine manages machines and knows nothing of tests, so that it can be used, and judged, alone",
  },
  "src/guest": {
    mayImport: ["src/protocol", "src/platform", "src/errors"],
    because: "the client speaks over any byte channel and does not know who opened it",
  },
  "src/protocol": {
    mayImport: [],
    because: "it runs on both sides of the wire and must not drag either side's code to the other",
  },
  "src/events": {
    mayImport: ["src/protocol"],
    types: ["src/errors"],
    because: "every face and the journal read it, so it depends on none of them",
  },
  "src/graph": { mayImport: [], because: "pure graphs serve services and tests alike" },
  "src/sdk": {
    mayImport: ["src/graph"],
    types: ["src/protocol"],
    because: "authors' editors load it, and it must not do I/O when imported",
  },
  "src/runtime": {
    mayImport: ["src/orchestrator", "src/errors"],
    because: "the runtime façade uses what the orchestrator offers everybody",
  },
  "src/platform": { mayImport: ["src/errors"], because: "effects on the host come without opinions" },
  "src/reporters": {
    mayImport: ["src/events", "src/errors"],
    types: ["src/protocol"],
    because: "a reporter only reads events",
  },
  "src/errors": { mayImport: [], because: "everybody throws them" },
  daemon: {
    mayImport: ["src/protocol", "src/sdk", "src/graph", "src/errors"],
    because: "it runs in the guest, where the host's code has no business",
  },
  tui: {
    mayImport: ["src/events", "src/errors"],
    types: ["src/protocol"],
    because: "the screen draws events and returns key presses, nothing else",
  },
  completions: { mayImport: ["src/cli"], because: "completion scripts derive from the command table" },
};

export interface Home {
  readonly rooms: readonly string[];
  readonly because: string;
}

/** The one home (or few) of each package that stands for an outside thing. */
export const homes: Readonly<Record<string, Home>> = {
  commander: { rooms: ["src/cli"], because: "only the command line parses words" },
  execa: { rooms: ["src/platform"], because: "every host process starts in one place, which knows how to end it" },
  esbuild: { rooms: ["src/project"], because: "only the project room bundles" },
  dockerode: { rooms: ["daemon/docker"], because: "one wrapper per outside thing" },
  "docker-modem": { rooms: ["daemon/docker"], because: "one wrapper per outside thing" },
  "node-forge": { rooms: ["daemon/ingress"], because: "certificates are issued in one place" },
  "node-pty": { rooms: ["test"], because: "the guest's program has no native modules" },
  "@xterm/headless": {
    rooms: ["daemon/recorder", "daemon/runner", "tui"],
    because: "screens are rendered where they are recorded and where they are shown",
  },
  ink: { rooms: ["tui"], because: "only the screen draws" },
  react: { rooms: ["tui"], because: "only the screen draws" },
  chalk: { rooms: ["tui", "src/reporters", "src/cli"], because: "colour is a matter of faces" },
  postgres: { rooms: ["src/sdk"], because: "drivers belong to the components" },
  ioredis: { rooms: ["src/sdk"], because: "drivers belong to the components" },
  "tar-stream": { rooms: ["src/project", "src/guest", "src/orchestrator", "daemon"], because: "archives travel between host and guest" },
  expect: { rooms: ["daemon/expect", "src/sdk"], because: "the matchers live behind one expect" },
};

/** An aim, not a law: a file above the limit says why at its top. Functions are measured by the linter (.oxlintrc.json). */
export const sizeLimits = { fileLines: 500 };

/** Rooms that others enter only through certain files. */
export const entrances: Readonly<Record<string, { readonly files: readonly string[]; readonly because: string }>> = {
  qemu: { files: ["qemu/index.ts", "qemu/types.ts"], because: "what the engine promises is what its index exports" },
  "src/orchestrator": { files: ["src/orchestrator/index.ts"], because: "faces use the public part" },
  "src/project": { files: ["src/project/index.ts"], because: "how a project is bundled is this room's own matter" },
  "src/errors": { files: ["src/errors/index.ts"], because: "one list of names" },
  "src/guest": { files: ["src/guest/index.ts"], because: "one list of names" },
};

/** Hosts that may be linked to or used as examples. */
export const allowedHosts: readonly RegExp[] = [
  /^(127\.0\.0\.1|localhost|10\.0\.2\.2|\d{1,3}(\.\d{1,3}){3})$/,
  /(^|\.)(test|example|internal|invalid|localhost)$/,
  /(^|\.)example\.(com|org|net)$/,
  // Names inside an environment: services are single labels.
  /^[a-z0-9-]+$/,
  /^api\.stripe\.com$/,
  /^(www\.)?(nodejs|qemu|apache|json-schema)\.org$/,
  /^(biomejs\.dev|github\.com|no-color\.org|docs\.asciinema\.org)$/,
];
