import { randomUUID } from "node:crypto";
import { ordersOf, pay, requestShipping } from "./orders.ts";
import type { Stores } from "./stores.ts";

export interface Call {
  stores: Stores;
  /** Groups of the route's pattern. */
  params: string[];
  body: Record<string, unknown>;
  token: string | undefined;
}
export interface Reply {
  status: number;
  body?: unknown;
}

const unauthorized: Reply = { status: 401, body: { error: "sign in first" } };

function signedIn({ stores, token }: Call): number | undefined {
  return token === undefined ? undefined : stores.sessions.get(token);
}

export const routes: { method: string; pattern: RegExp; handle: (call: Call) => Promise<Reply> }[] = [
  {
    method: "GET",
    pattern: /^\/health$/,
    handle: async ({ stores: { sql, redis } }) => {
      await Promise.all([sql`select 1`, redis.ping()]);
      return { status: 200, body: { ok: true } };
    },
  },
  {
    method: "POST",
    pattern: /^\/users$/,
    handle: async ({ stores: { sql }, body }) => {
      const [user] = await sql`insert into users (name) values (${String(body.name)}) returning id, name`;
      return { status: 201, body: user };
    },
  },
  {
    method: "POST",
    pattern: /^\/sessions$/,
    handle: async ({ stores: { sessions }, body }) => {
      const token = randomUUID();
      sessions.set(token, Number(body.userId));
      return { status: 201, body: { token } };
    },
  },
  {
    method: "DELETE",
    pattern: /^\/sessions$/,
    handle: async ({ stores: { sessions }, token }) => {
      sessions.delete(token ?? "");
      return { status: 204 };
    },
  },
  {
    method: "GET",
    pattern: /^\/me$/,
    handle: async (call) => {
      const userId = signedIn(call);
      if (userId === undefined) return unauthorized;
      const [user] = await call.stores.sql`select id, name from users where id = ${userId}`;
      return { status: 200, body: user };
    },
  },
  {
    method: "PUT",
    pattern: /^\/cart\/([\w-]+)$/,
    handle: async (call) => {
      const userId = signedIn(call);
      if (userId === undefined) return unauthorized;
      await call.stores.redis.hset(`cart:${userId}`, call.params[0] ?? "", Number(call.body.quantity));
      return { status: 204 };
    },
  },
  {
    method: "GET",
    pattern: /^\/cart$/,
    handle: async (call) => {
      const userId = signedIn(call);
      return userId === undefined ? unauthorized : { status: 200, body: await call.stores.redis.hgetall(`cart:${userId}`) };
    },
  },
  {
    method: "POST",
    pattern: /^\/users\/(\d+)\/pay$/,
    handle: async ({ stores, params }) => {
      const order = await pay(stores, Number(params[0]));
      return { status: "error" in order ? 402 : 201, body: order };
    },
  },
  {
    method: "GET",
    pattern: /^\/users\/(\d+)\/orders$/,
    handle: async ({ stores, params }) => ({ status: 200, body: await ordersOf(stores, Number(params[0])) }),
  },
  {
    method: "POST",
    pattern: /^\/orders\/(\d+)\/ship$/,
    handle: async ({ stores, params }) => {
      await requestShipping(stores, Number(params[0]));
      return { status: 202 };
    },
  },
];
