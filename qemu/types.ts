/** The public vocabulary of the VM engine. Times are milliseconds unless the name says otherwise. */
import type { Duplex } from "node:stream";

export type AcceleratorName = "kvm" | "hvf" | "tcg";

/** Which accelerator runs guests, and the evidence for it. */
export interface Accelerator {
  name: AcceleratorName;
  /** One sentence a person understands, e.g. "/dev/kvm opens but a trial guest did not finish in 3 s". */
  reason: string;
  cpuModel: string;
}

export interface HostFacts {
  accelerator: Accelerator;
  qemuPath: string;
  qemuVersion: string;
  kernel: string;
  cores: number;
  memoryMib: number;
}

/** A guest image: pristine disk, kernel and initrd under one content hash. */
export interface ImageInfo {
  digest: string;
  dir: string;
  diskPath: string;
  kernelPath: string;
  initrdPath: string;
  sizeBytes: number;
  createdAt: string;
}

export type SnapshotKind = "template" | "delta";

/** RAM, device state and disk of one instant, stored and named as one unit. */
export interface SnapshotInfo {
  id: string;
  /** The caller's content key: at most one snapshot per key is kept. */
  key: string;
  name?: string;
  kind: SnapshotKind;
  /** The snapshot this one was forked from; absent for one captured from a booted image. */
  parent?: string;
  /** For a delta: the template whose RAM file it patches. */
  template?: string;
  imageDigest: string;
  memoryMib: number;
  cpus: number;
  accelerator: AcceleratorName;
  /** Free-form facts of the caller (daemon digest, test id …), checked by nobody here. */
  labels: Record<string, string>;
  sizeBytes: number;
  createdAt: string;
  lastUsedAt: string;
}

export type VmState = "created" | "booting" | "running" | "paused" | "capturing" | "resuming" | "stopping" | "stopped" | "failed";

/** Milliseconds per phase of bringing one VM up; keys are phase names such as disk, start, load, handshake. */
export type PhaseTimings = Record<string, number>;

export interface VmInfo {
  id: string;
  name?: string;
  state: VmState;
  pid?: number;
  accelerator: AcceleratorName;
  memoryMib: number;
  cpus: number;
  imageDigest: string;
  /** Snapshot it was forked or resumed from. */
  from?: string;
  startedAt: string;
  timings: PhaseTimings;
}

export interface VmExit {
  code: number | null;
  signal: string | null;
  /** Asked for by stop(), as opposed to a crash or a kill from outside. */
  expected: boolean;
  stderrTail: string;
  serialTail: string;
}

export interface Progress {
  phase: string;
  /** Short human text, e.g. "unpacking 143 packages". */
  detail?: string;
  /** 0..1 where it can be known. */
  fraction?: number;
}
export type OnProgress = (progress: Progress) => void;

export interface BootOptions {
  name?: string;
  memoryMib?: number; // default 2048
  cpus?: number; // default 2
  signal?: AbortSignal;
  onProgress?: OnProgress;
  labels?: Record<string, string>;
}

export interface ForkOptions {
  name?: string;
  signal?: AbortSignal;
  /** "private" (default) maps the template copy-on-write; "template" gives the fork a flat RAM file of its own, so that it can be captured as a template. */
  memory?: "private" | "template";
  /** "open" (default) or "denied": guest egress through user-mode NAT. */
  network?: "open" | "denied";
  labels?: Record<string, string>;
}

export interface CaptureOptions {
  key: string;
  name?: string;
  labels?: Record<string, string>;
  /** Belongs to this process: removed at the next opening of the store after the process is gone. Default false. */
  ephemeral?: boolean;
  /** What becomes of the source: it runs on (default) or is stopped (cheaper when it is not needed). */
  then?: "continue" | "stop";
}

export interface CaptureResult {
  snapshot: SnapshotInfo;
  /** How long the guest stood still. */
  pauseMs: number;
  timings: PhaseTimings;
  /** Of a delta: RAM the machine had written to, and the size of the file that holds it. */
  dirtyMib?: number;
  deltaBytes?: number;
}

/** The engine's own small agent in the guest: identity, files, processes, shutdown. One request at a time is in flight per id. */
export interface GuestAgent {
  ping(timeoutMs?: number): Promise<void>;
  /** Writes a file (parents made); any size. */
  writeFile(path: string, data: Uint8Array, options?: { mode?: number }): Promise<void>;
  /** Starts a detached process that outlives the request; its output goes to `log`. */
  spawn(argv: readonly string[], options: { log: string; env?: Record<string, string> }): Promise<{ pid: number }>;
  /** Runs to the end; for engine-level chores only (nothing on a fork's path spawns a process). */
  exec(
    argv: readonly string[],
    options?: { timeoutMs?: number; stdin?: string },
  ): Promise<{ exitCode: number; stdout: string; stderr: string }>;
}

/** A running machine. Every method rejects with VM_DEAD (last stderr and serial lines attached) when QEMU is gone. */
export interface Vm {
  readonly id: string;
  /** The identity (UUID) that the guest has confirmed. */
  readonly forkId: string;
  readonly info: VmInfo;
  readonly state: VmState;
  readonly agent: GuestAgent;
  /** Settles once, when the QEMU process has ended. Never rejects. */
  readonly exited: Promise<VmExit>;
  /** The raw byte channel to the daemon's virtio port (name "org.spectest.control"). One holder at a time; closing it frees it. */
  openControl(): Promise<Duplex>;
  capture(options: CaptureOptions): Promise<CaptureResult>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** "shutdown": clean unmount first (bounded), "kill" (default for forks that nobody needs): at once. A second call is a no-op. Deletes the instance directory. */
  stop(mode?: "shutdown" | "kill"): Promise<void>;
}

export interface SnapshotStore {
  find(key: string): Promise<SnapshotInfo | undefined>;
  get(id: string): Promise<SnapshotInfo>;
  list(): Promise<SnapshotInfo[]>;
  /** Refuses when a VM or another snapshot needs it, naming it. */
  remove(id: string): Promise<void>;
  /** Throws SNAPSHOT_INVALID naming the first field that does not match this host or whose file is damaged. */
  validate(id: string): Promise<void>;
}

export interface ImageStore {
  /** Builds, or returns at once what the same inputs have built before. */
  build(options?: { signal?: AbortSignal; onProgress?: OnProgress; force?: boolean }): Promise<ImageInfo>;
  find(digest?: string): Promise<ImageInfo | undefined>;
  list(): Promise<ImageInfo[]>;
  remove(digest: string): Promise<void>;
}

export interface VmEngine {
  readonly home: string;
  readonly images: ImageStore;
  readonly snapshots: SnapshotStore;
  host(): Promise<HostFacts>;
  /** Boots an image; resolves when the guest's Docker and agent are up. The VM can be captured as a template. */
  boot(image: ImageInfo, options?: BootOptions): Promise<Vm>;
  /** Continues a snapshot under a new identity; resolves after the confirmed handshake (fork id, clock, entropy). */
  fork(snapshotId: string, options?: ForkOptions): Promise<Vm>;
  /** Machines of this store, whoever started them. */
  list(): Promise<VmInfo[]>;
  /** Runs fn while holding the named lock across processes; `onWait` is told who holds it. The lock dies with its process. */
  withLock<T>(
    name: string,
    fn: () => Promise<T>,
    options?: { signal?: AbortSignal; onWait?: (holder: { pid: number; what: string }) => void },
  ): Promise<T>;
  /** How many more forks of this snapshot fit into free memory now. */
  capacity(snapshotId: string): Promise<number>;
  close(): Promise<void>;
}

export interface EngineOptions {
  /** Absolute path of the machine-wide state directory. */
  home: string;
  accelerator?: AcceleratorName | "auto";
  qemuPath?: string;
}
