import { LineSplitter } from "../agent/lines.ts";
import type { Machine } from "../process/machine.ts";

/** Hands on what the guest prints on its serial port, line by line, until the returned function is called. */
export async function followSerial(machine: Machine, onLine: (line: string) => void): Promise<() => void> {
  const socket = await machine.connect("serial.sock");
  const splitter = new LineSplitter();
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => {
    for (const line of splitter.push(chunk)) if (line.trim() !== "") onLine(line.trimEnd());
  });
  return () => socket.destroy();
}
