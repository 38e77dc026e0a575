import type { Handler } from "../../context.ts";
import { writeWords } from "../../words.ts";
import { columns, formatBytes } from "../table-text.ts";
import { withEngine } from "./engine.ts";

export const run: Handler = (_input, context) =>
  withEngine(context, async (engine) => {
    const [machines, snapshots] = await Promise.all([engine.list(), engine.snapshots.list()]);
    writeWords(
      context.home,
      "vm",
      machines.flatMap(({ id, name }) => [id, ...(name === undefined ? [] : [name])]),
    );
    writeWords(
      context.home,
      "snapshot",
      snapshots.flatMap(({ id, name }) => [id, ...(name === undefined ? [] : [name])]),
    );
    if (context.json) {
      context.io.json({ schemaVersion: 1, machines, snapshots });
      return 0;
    }
    const machineRows = machines.map((vm) => [
      vm.id,
      vm.name ?? "-",
      vm.state,
      String(vm.pid ?? "-"),
      vm.accelerator,
      `${vm.memoryMib} MiB`,
      vm.from ?? vm.imageDigest.slice(0, 12),
    ]);
    const snapshotRows = snapshots.map((one) => [
      one.id,
      one.name ?? "-",
      one.kind,
      formatBytes(one.sizeBytes),
      one.parent ?? "-",
      one.lastUsedAt,
    ]);
    context.io.out(columns([["MACHINE", "NAME", "STATE", "PID", "ACCEL", "MEMORY", "FROM"], ...machineRows]));
    context.io.out(`\n${columns([["SNAPSHOT", "NAME", "KIND", "SIZE", "PARENT", "LAST USED"], ...snapshotRows])}`);
    return 0;
  });
