import { SpectestError } from "../../errors/index.ts";
import type { Handler } from "../context.ts";
import type { Io } from "../io.ts";
import { type EnvironmentClient, withEnvironment } from "./environment.ts";

export const run: Handler = (input, context) =>
  withEnvironment(context, async (client) => {
    const { io } = context;
    if (!io.stdin.isTTY || !io.stdout.isTTY) {
      throw new SpectestError("USAGE", { what: "shell needs a terminal", hint: "spectest exec SERVICE -- COMMAND" });
    }
    const service = input.arg("service") ?? (await onlyService(client));
    const terminal = await client.terminal(service, { cols: io.stdout.columns, rows: io.stdout.rows });
    const release = connectTerminal(io, terminal);
    const unregister = context.interrupts.beforeForce(release);
    try {
      for await (const bytes of terminal.output) io.out(bytes);
      return await terminal.exit;
    } finally {
      unregister();
      release();
    }
  });

async function onlyService(client: EnvironmentClient): Promise<string> {
  const services = await client.services();
  const [only] = services;
  if (only && services.length === 1) return only.name;
  const names = services.map((service) => service.name);
  throw new SpectestError("USAGE", { what: `which service? ${names.join(", ")}`, hint: `spectest shell ${names[0] ?? "SERVICE"}` });
}

type Terminal = Awaited<ReturnType<EnvironmentClient["terminal"]>>;

/** Keys and sizes go in raw; the returned function gives the terminal back. */
function connectTerminal({ stdin, stdout }: Io, terminal: Terminal): () => void {
  const onData = (data: Uint8Array): void => terminal.input(data);
  const onResize = (): void => terminal.resize(stdout.columns, stdout.rows);
  stdin.setRawMode(true);
  stdin.on("data", onData);
  stdin.resume();
  stdout.on("resize", onResize);
  return () => {
    stdin.setRawMode(false);
    stdin.off("data", onData);
    stdin.pause();
    stdout.off("resize", onResize);
  };
}
