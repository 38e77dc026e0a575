import type { HomePaths } from "../homePaths.ts";
import { assertOwnHome } from "./home.ts";
import { isAlive, killProcess } from "./processId.ts";
import { instanceDirs, readMarker, readRecord, removeInstanceDir } from "./record.ts";

/**
 * Ends and removes the machines whose owner has died. Safe to run at any time, by any number of processes at once.
 *
 * @returns the directories removed.
 */
export async function reapInstances(paths: HomePaths): Promise<string[]> {
  await assertOwnHome(paths);
  const dirs = await instanceDirs(paths.vms);
  const reaped = await Promise.all(dirs.map((dir) => reapInstance(dir)));
  return dirs.filter((_, index) => reaped[index]);
}

async function reapInstance(dir: string): Promise<boolean> {
  const maker = await readMarker(dir);
  if (!maker) return false; // not ours
  const record = await readRecord(dir).catch(() => undefined);
  if (isAlive(record?.owner ?? maker)) return false;
  if (record?.qemu) killProcess(record.qemu);
  await removeInstanceDir(dir, record);
  return true;
}
