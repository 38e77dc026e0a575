/** What the type checker must infer for authors: `tsc` reads this file; vitest runs it to see that it also loads. */
import type { Redis } from "ioredis";
import type { Sql } from "postgres";
import { describe, expectTypeOf, test } from "vitest";
import { defineEnvironment, dockerfile, postgres, redis, registry, service } from "../../../src/sdk/index.ts";

interface Charge {
  amount: number;
}

const env = defineEnvironment({
  services: {
    db: postgres({ database: "shop" }),
    cache: redis(),
    plain: { image: registry("spectest/redis:8"), readyCheck: { type: "tcp", port: 6379 } },
    api: {
      image: dockerfile("FROM spectest/node:24"),
      env: { DATABASE_URL: "postgres://postgres@db/shop" },
      dependsOn: ["db", "cache"],
      readyCheck: { type: "http", port: 3000, path: "/health" },
      tls: [{ hostname: "shop.test", port: 3000 }],
      helpers: async ({ name }) => ({ base: `http://${name}`, tries: 3 }),
      setup: async ({ helpers, name }) => {
        expectTypeOf(name).toEqualTypeOf<string>();
        await helpers.anything;
      },
    },
    typed: service({
      image: registry("x"),
      helpers: ({ name }) => ({ url: name }),
      setup: ({ helpers }) => {
        expectTypeOf(helpers).toEqualTypeOf<{ url: string }>();
      },
    }),
  },
  fakes: {
    stripe: {
      hostnames: ["api.stripe.com"],
      state: () => ({ charges: [] as Charge[] }),
      handler: async (request, state) => {
        expectTypeOf(request).toEqualTypeOf<Request>();
        expectTypeOf(state).toEqualTypeOf<{ charges: Charge[] }>();
        state.charges.push({ amount: 1 });
        return Response.json({ ok: true });
      },
      helpers: ({ state }) => ({ charges: () => state.charges, count: async () => state.charges.length }),
    },
    mail: { hostnames: ["mail.test"], port: 8025, handler: () => new Response("ok") },
  },
});

describe("types for authors", () => {
  test("services and fakes reach the context", () => {
    env.test("context", async (ctx) => {
      expectTypeOf(ctx.svc.db.client).toEqualTypeOf<Sql>();
      expectTypeOf(ctx.svc.db.url).toEqualTypeOf<string>();
      expectTypeOf(ctx.svc.cache.client).toEqualTypeOf<Redis>();
      expectTypeOf(ctx.svc.api).toEqualTypeOf<{ base: string; tries: number }>();
      expectTypeOf(ctx.svc.typed.url).toEqualTypeOf<string>();
      expectTypeOf(ctx.fakes.stripe.charges).toEqualTypeOf<() => Charge[]>();
      expectTypeOf(ctx.fakes.stripe.count).returns.toEqualTypeOf<Promise<number>>();
      expectTypeOf(ctx.parent).toEqualTypeOf<undefined>();
      // @ts-expect-error there is no such service
      void ctx.svc.nothing;
      // @ts-expect-error the fake has no such helper
      void ctx.fakes.mail.sent;
      const { stdout, exitCode } = await ctx.exec("api", "true");
      expectTypeOf(stdout).toEqualTypeOf<string>();
      expectTypeOf(exitCode).toEqualTypeOf<number>();
      const polled = await ctx.poll("row", async () => (exitCode === 0 ? { id: 1 } : undefined));
      expectTypeOf(polled).toEqualTypeOf<{ id: number }>();
      expectTypeOf(await ctx.step("s", () => 3)).toEqualTypeOf<number>();
    });
  });

  test("a parent's awaited return becomes ctx.parent", () => {
    const signUp = env.test("sign up", async () => ({ userId: 7 }));
    env.test("pay", { dependsOn: signUp, timeoutMs: 30_000, tags: ["slow"] }, async (ctx) => {
      expectTypeOf(ctx.parent).toEqualTypeOf<{ userId: number }>();
    });
    env.test.skip("skipped", { dependsOn: signUp }, (ctx) => {
      expectTypeOf(ctx.parent.userId).toEqualTypeOf<number>();
    });
    env.test("after only", { after: [signUp] }, (ctx) => {
      expectTypeOf(ctx.parent).toEqualTypeOf<undefined>();
    });
    const cases = env.test.each([1, 2])("n %s", { dependsOn: signUp }, (ctx, n) => {
      expectTypeOf(n).toEqualTypeOf<number>();
      expectTypeOf(ctx.parent.userId).toEqualTypeOf<number>();
      return String(n);
    });
    env.test("last", { dependsOn: cases[0]! }, (ctx) => {
      expectTypeOf(ctx.parent).toEqualTypeOf<string>();
    });
    // @ts-expect-error two machines cannot be merged
    const two = (): unknown => env.test("two", { dependsOn: [signUp, signUp] }, () => undefined);
    expectTypeOf(two).toBeFunction();
  });

  test("set-up sees helpers too", () => {
    env.project({
      setup: async (ctx) => {
        expectTypeOf(ctx.svc.api.tries).toEqualTypeOf<number>();
        expectTypeOf(ctx.fakes.stripe.charges).toBeFunction();
        await ctx.exec("api", "node /srv/migrate.js");
        // @ts-expect-error set-up has no terminals
        void ctx.openTerminal;
      },
    });
  });
});

test("an environment without services or fakes has none in its context", () => {
  defineEnvironment({}).test("bare", (ctx) => {
    expectTypeOf(ctx.svc).toEqualTypeOf<Record<never, never>>();
    // @ts-expect-error there is none
    void ctx.svc.db;
  });
});
