/** Ready-made services with typed helpers. Every field of the service can be overridden. */
import type { Redis } from "ioredis";
import type { Sql } from "postgres";
import { ProjectError, shown } from "./project-error.ts";
import { callSiteOf } from "./call-site.ts";
import { type Image, registry, type ServiceFields, type TypedService } from "./services.ts";

export interface PostgresHelpers {
  /** The npm package `postgres`, connected to the database. It lives on across forks. */
  client: Sql;
  /** e.g. "postgres://postgres@db/shop". */
  url: string;
}
export interface PostgresOptions extends Partial<ServiceFields> {
  /** Made at the first start. A plain identifier. */
  database: string;
  /** Default "postgres". */
  user?: string;
  /** Default: none, any connection inside the environment is trusted. */
  password?: string;
  /** Default `registry("spectest/postgres:17")`; another image must understand the official image's POSTGRES_* variables. */
  image?: Image;
}
export interface RedisHelpers {
  /** The npm package `ioredis`. It lives on across forks. */
  client: Redis;
  /** e.g. "redis://cache:6379". */
  url: string;
}
export interface RedisOptions extends Partial<ServiceFields> {
  /** Default: none. */
  password?: string;
  /** Default `registry("spectest/redis:8")`. */
  image?: Image;
}

/**
 * A PostgreSQL service. `ctx.svc.<name>.client` is a tagged-template client.
 *
 * @example db: postgres({ database: "shop" })  // then: await ctx.svc.db.client`select 1`
 */
export function postgres(options: PostgresOptions): TypedService<PostgresHelpers> {
  const { database, user = "postgres", password, env, ...fields } = options;
  if (typeof database !== "string" || !/^[A-Za-z_][A-Za-z0-9_-]*$/.test(database)) {
    throw new ProjectError("PROJECT_INVALID", `postgres() needs a database name such as "shop", not ${shown(database)}`, {
      at: callSiteOf(postgres),
    });
  }
  const secret = password === undefined ? { POSTGRES_HOST_AUTH_METHOD: "trust" } : { POSTGRES_PASSWORD: password };
  return {
    image: registry("spectest/postgres:17"),
    readyCheck: { type: "tcp", port: 5432 },
    ...fields,
    env: { POSTGRES_DB: database, POSTGRES_USER: user, ...secret, ...env },
    helpers: async ({ name }) => {
      const login = password === undefined ? encodeURIComponent(user) : `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
      const url = `postgres://${login}@${name}/${database}`;
      const { connectPostgres } = await import("./clients.ts");
      return { client: connectPostgres(url), url };
    },
    // An open port is not yet a database: the first start opens it while it still creates roles.
    setup: async ({ helpers }) => {
      const { untilAnswers } = await import("./clients.ts");
      await untilAnswers("PostgreSQL", async () => await helpers.client`select 1`);
    },
  };
}

/**
 * A Redis service. `ctx.svc.<name>.client` is an `ioredis` client.
 *
 * @example cache: redis()  // then: await ctx.svc.cache.client.get("key")
 */
export function redis(options: RedisOptions = {}): TypedService<RedisHelpers> {
  const { password, ...fields } = options;
  return {
    image: registry("spectest/redis:8"),
    readyCheck: { type: "tcp", port: 6379 },
    ...(password === undefined ? {} : { args: ["redis-server", "--requirepass", password] }),
    ...fields,
    helpers: async ({ name }) => {
      const url = password === undefined ? `redis://${name}:6379` : `redis://:${encodeURIComponent(password)}@${name}:6379`;
      const { connectRedis } = await import("./clients.ts");
      return { client: connectRedis(url), url };
    },
    setup: async ({ helpers }) => {
      const { untilAnswers } = await import("./clients.ts");
      await untilAnswers("Redis", async () => await helpers.client.ping());
    },
  };
}
