/** The drivers behind the components. Imported when a component is first used, in the guest. */
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import connect, { type Sql } from "postgres";

/** Few connections: each is a process in the service, and each is copied by every fork. */
export function connectPostgres(url: string): Sql {
  return connect(url, { max: 4, onnotice: () => undefined, connect_timeout: 10 });
}

export function connectRedis(url: string): Redis {
  const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 3 });
  // Without a listener ioredis prints connection errors itself; a command that fails still rejects.
  client.on("error", () => undefined);
  return client;
}

/** Calls `probe` until it succeeds, for at most 60 s. */
export async function untilAnswers(what: string, probe: () => Promise<unknown>): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 1_000)) {
    try {
      await probe();
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw new Error(`${what} accepted no query within 60 s`, { cause: error });
      await sleep(pauseMs);
    }
  }
}
