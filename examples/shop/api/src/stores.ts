import { Redis } from "ioredis";
import postgres from "postgres";

/** Rows in PostgreSQL outlive the server, carts in Redis are shared, sessions live in the server's own memory. */
export function openStores(env: NodeJS.ProcessEnv) {
  return {
    sql: postgres(env.DATABASE_URL ?? "postgres://postgres@localhost/shop", { max: 4, onnotice: () => undefined }),
    redis: new Redis(env.REDIS_URL ?? "redis://localhost"),
    sessions: new Map<string, number>(),
  };
}
export type Stores = ReturnType<typeof openStores>;

export async function createTables({ sql }: Stores): Promise<void> {
  await sql`create table if not exists users (id serial primary key, name text not null)`;
  await sql`create table if not exists products (sku text primary key, title text not null, price_cents integer not null)`;
  await sql`create table if not exists orders (
    id serial primary key, user_id integer not null references users, total_cents integer not null,
    charge_id text not null, status text not null default 'paid')`;
}

/** Where workers find the orders to be shipped. */
export const SHIPPING_QUEUE = "shipping";
