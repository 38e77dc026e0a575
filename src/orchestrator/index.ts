/** Stand-in until the orchestrator exists: shapes only, every call refuses. */
import type { VmEngine } from "../../qemu/types.ts";
import { SpectestError } from "../errors/index.ts";
import type { EventListener, RunFinished } from "../events/types.ts";
import type { ExecLine, LogLine, ServiceStatus } from "../protocol/index.ts";
import type { SessionOptions, TestOptions } from "./types.ts";

export type { Vm, VmEngine, VmInfo } from "../../qemu/types.ts";
export type { SessionOptions, TestOptions } from "./types.ts";

export interface RunningEnvironment {
  id: string;
  addresses: { service: string; port: number; address: string }[];
  closed: Promise<void>;
  close(): Promise<void>;
}
export interface EnvironmentTerminal {
  input(data: Uint8Array): void;
  resize(cols: number, rows: number): void;
  output: AsyncIterable<Uint8Array>;
  exit: Promise<number>;
}
export interface EnvironmentClient {
  services(): Promise<ServiceStatus[]>;
  logs(service: string, options: { tail?: number; follow: boolean; signal: AbortSignal }): AsyncIterable<LogLine>;
  exec(service: string, argv: readonly string[], options: { stdin?: string; signal: AbortSignal }): AsyncIterable<ExecLine>;
  terminal(service: string, options: { argv?: readonly string[]; cols: number; rows: number }): Promise<EnvironmentTerminal>;
  down(): Promise<void>;
  close(): void;
}
export interface DoctorReport {
  checks: { name: string; ok: boolean; detail: string; fix?: string }[];
}

function missing(): never {
  throw new SpectestError("INTERNAL", { what: "the orchestrator is not part of this build" });
}

export async function runTests(_options: TestOptions): Promise<RunFinished> {
  return missing();
}
export async function startEnvironment(_options: SessionOptions): Promise<RunningEnvironment> {
  return missing();
}
export async function attachEnvironment(_options: { home: string; cwd: string }): Promise<EnvironmentClient> {
  return missing();
}
export async function prepareHost(_options: { home: string; onEvent: EventListener; signal: AbortSignal; yes: boolean }): Promise<void> {
  return missing();
}
export async function doctor(_options: { home: string }): Promise<DoctorReport> {
  return missing();
}
export async function openVms(_options: { home: string }): Promise<VmEngine> {
  return missing();
}

export interface BenchOptions {
  home: string;
  operation: "fork" | "capture";
  signal: AbortSignal;
  onProgress?: (progress: { phase: string; detail?: string; fraction?: number }) => void;
  n?: number;
  memoryMib?: number;
  pool?: "parked" | "started" | "none";
  depth?: number;
  baseline?: boolean;
}
/** Printed as it is by `bench … --json`: design.md section 6. */
export interface BenchReport {
  schemaVersion: number;
  operation: string;
  accel: string;
  host: unknown;
  n: number;
  phases: Record<string, { p50: number; p95: number }>;
  total: { p50: number; p95: number; p99: number };
}
export async function runBench(_options: BenchOptions): Promise<BenchReport> {
  return missing();
}
/** Removes dead machines, unfinished captures and snapshots beyond the budget. */
export async function collectGarbage(_options: {
  home: string;
  signal: AbortSignal;
}): Promise<{ removed: { kind: string; id: string; bytes: number }[] }> {
  return missing();
}
