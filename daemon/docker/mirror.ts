/** Points Docker at a registry mirror: dockerd reads these settings again on SIGHUP. */
import { readFile, writeFile } from "node:fs/promises";

const SETTINGS_FILE = "/etc/docker/daemon.json";
const PID_FILE = "/run/docker.pid";

export async function configureMirror(url: string): Promise<void> {
  const current = await readFile(SETTINGS_FILE, "utf8").catch(() => "{}");
  const next = withMirror(current, url);
  if (next === current) return;
  await writeFile(SETTINGS_FILE, next);
  process.kill(Number.parseInt(await readFile(PID_FILE, "utf8"), 10), "SIGHUP");
}

/** Pure. A mirror spoken to in plain HTTP must be named as insecure too. */
export function withMirror(settings: string, url: string): string {
  const parsed: Record<string, unknown> = JSON.parse(settings);
  const { host, protocol } = new URL(url);
  const next = {
    ...parsed,
    "registry-mirrors": [url],
    ...(protocol === "http:" ? { "insecure-registries": [host] } : {}),
  };
  return `${JSON.stringify(next, undefined, 2)}\n`;
}
