import { sanitizeLine } from "../../events/sanitize.ts";
import type { LogLine } from "../../protocol/index.ts";
import type { CommandContext, Handler } from "../context.ts";
import type { Input } from "../input.ts";
import { type EnvironmentClient, withEnvironment } from "./environment.ts";

export const run: Handler = (input, context) =>
  withEnvironment(context, async (client) => {
    const named = input.arg("service");
    const names = named === undefined ? (await client.services()).map((service) => service.name) : [named];
    const width = Math.max(0, ...names.map((name) => name.length));
    const collected: (LogLine & { service: string })[] = [];
    const follow = input.flag("follow");
    const print = (service: string, line: LogLine): void => {
      if (context.json && !follow) collected.push({ service, ...line });
      else if (context.json) context.io.out(`${JSON.stringify({ schemaVersion: 1, service, ...line })}\n`);
      else context.io.out(`${names.length > 1 ? `${service.padEnd(width)} | ` : ""}${sanitizeLine(line.text)}\n`);
    };
    const read = (service: string): Promise<void> => readLog(client, service, input, context, print);
    // Followed together, else one after another so that the services' lines stay apart.
    if (follow) await Promise.all(names.map(read));
    else for (const name of names) await read(name);
    if (context.json && !follow) context.io.json({ schemaVersion: 1, lines: collected });
    return 0;
  });

async function readLog(
  client: EnvironmentClient,
  service: string,
  input: Input,
  { interrupts }: CommandContext,
  print: (service: string, line: LogLine) => void,
): Promise<void> {
  const tail = input.integer("tail");
  const lines = client.logs(service, { follow: input.flag("follow"), signal: interrupts.signal, ...(tail === undefined ? {} : { tail }) });
  for await (const line of lines) print(service, line);
}
