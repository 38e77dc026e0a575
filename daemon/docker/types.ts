/** What the daemon needs of Docker, small enough for a fake. The real one is `engine.ts`. */
import type { ServiceSpec } from "../../src/protocol/index.ts";

export interface Network {
  gateway: string;
}

/** Everything a container of a service is made of, paths and addresses resolved. */
export interface ContainerOptions {
  /** Also its host name and its name in Docker. */
  name: string;
  image: string;
  spec: ServiceSpec;
  /** Names it answers to on the network, its own included. */
  aliases: string[];
  mounts: Mount[];
  /** Names that lead to an address, e.g. the ingress. */
  extraHosts: { hostname: string; address: string }[];
  /** Overridden by the spec's own. */
  baseEnv: Record<string, string>;
  /** Name servers asked for what Docker does not know. */
  dns: string[];
}

export interface Mount {
  source: string;
  target: string;
  readOnly: boolean;
}

export interface ContainerState {
  id: string;
  running: boolean;
  exitCode: number;
  ip: string;
  /** ISO 8601. */
  startedAt: string;
  restarts: number;
}

export interface Output {
  stream: "stdout" | "stderr";
  data: Buffer;
}

export interface ExecOptions {
  argv: string[];
  env?: Record<string, string>;
  workdir?: string;
  /** Allocates a PTY; all output is stdout then. */
  tty?: { cols: number; rows: number };
  stdin?: boolean;
}

export interface RunningExec {
  output: AsyncIterable<Output>;
  write(data: Uint8Array): void;
  endInput(): void;
  resize(cols: number, rows: number): Promise<void>;
  /** Once the output has ended. */
  exitCode(): Promise<number>;
  kill(): Promise<void>;
}

export interface LogText {
  stdout: string;
  stderr: string;
}

export interface Docker {
  /** Creates `spectest-net` if it is missing. */
  network(): Promise<Network>;
  hasImage(reference: string): Promise<boolean>;
  pull(reference: string, onDetail: (detail: string) => void, signal: AbortSignal): Promise<void>;
  tag(source: string, target: string): Promise<void>;
  /** No error when it is gone already. */
  removeImage(reference: string): Promise<void>;
  exposedPorts(reference: string): Promise<number[]>;
  /** Creates and starts; a leftover of the same name is removed first. */
  start(options: ContainerOptions): Promise<ContainerState>;
  /** Undefined when there is no such container. */
  inspect(nameOrId: string): Promise<ContainerState | undefined>;
  /** No error when it is gone already. */
  remove(nameOrId: string): Promise<void>;
  exec(nameOrId: string, options: ExecOptions): Promise<RunningExec>;
  log(nameOrId: string, tail: number): Promise<LogText>;
  followLog(nameOrId: string, options: { tail: number | "all"; follow: boolean }, signal: AbortSignal): AsyncIterable<Output>;
  /** Calls back for every container that ends. */
  watchDeaths(listener: (death: { id: string; name: string; exitCode: number }) => void): Promise<() => void>;
}

export const NETWORK_NAME = "spectest-net";
