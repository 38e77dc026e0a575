import type { CommandContext, Orchestrator } from "../context.ts";

export type EnvironmentClient = Awaited<ReturnType<Orchestrator["attachEnvironment"]>>;

/** Runs `fn` with a connection to this project's running environment. */
export async function withEnvironment<T>(context: CommandContext, fn: (client: EnvironmentClient) => Promise<T>): Promise<T> {
  const { attachEnvironment } = await context.orchestrator();
  const client = await attachEnvironment({ home: context.home, cwd: context.cwd });
  try {
    return await fn(client);
  } finally {
    client.close();
  }
}
