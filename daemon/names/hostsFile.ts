/** The daemon's part of /etc/hosts: what test code in the guest resolves. Rendering is pure. */
import { readFile, writeFile } from "node:fs/promises";

const BEGIN = "# spectest begin";
const END = "# spectest end";

export interface HostEntry {
  address: string;
  names: readonly string[];
}

/** Replaces the daemon's block and leaves everything else as it was. Patterns are left to the name server. */
export function renderHosts(current: string, entries: readonly HostEntry[]): string {
  const lines = current.split("\n");
  const begin = lines.indexOf(BEGIN);
  const end = lines.indexOf(END, begin);
  const others = begin >= 0 && end > begin ? [...lines.slice(0, begin), ...lines.slice(end + 1)] : lines;
  while (others.at(-1) === "") others.pop();
  const own = entries.flatMap(({ address, names }) => {
    const plain = names.filter((name) => !name.includes("*"));
    return address === "" || plain.length === 0 ? [] : [`${address}\t${plain.join(" ")}`];
  });
  return `${[...others, ...(own.length === 0 ? [] : [BEGIN, ...own, END])].join("\n")}\n`;
}

/** In place, because the file may be a mount and resolvers watch it. */
export async function writeHosts(path: string, entries: readonly HostEntry[]): Promise<void> {
  const current = await readFile(path, "utf8").catch(() => "127.0.0.1\tlocalhost\n");
  const next = renderHosts(current, entries);
  if (next !== current) await writeFile(path, next);
}
