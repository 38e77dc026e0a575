import { expect } from "spectest";
import { env } from "../index";
import { as, json, SHOP } from "../shop";

export const signUp = env.test("sign up", async (ctx) => {
  const res = await ctx.fetch(`${SHOP}/users`, { method: "POST", ...json({ name: "Ada" }) });
  expect(res.status).toBe(201);
  const { id } = await res.json<{ id: number }>();
  return { userId: id };
});

/** The session is nowhere but in the server's memory, and yet every test below starts signed in. */
export const signIn = env.test("sign in", { dependsOn: signUp }, async (ctx) => {
  const res = await ctx.fetch(`${SHOP}/sessions`, { method: "POST", ...json({ userId: ctx.parent.userId }) });
  expect(res.status).toBe(201);
  const { token } = await res.json<{ token: string }>();
  return { userId: ctx.parent.userId, token };
});

env.test("sign out ends the session", { dependsOn: signIn }, async (ctx) => {
  await ctx.fetch(`${SHOP}/sessions`, { method: "DELETE", ...as(ctx.parent.token) });
  expect((await ctx.fetch(`${SHOP}/me`, as(ctx.parent.token))).status).toBe(401);
});

env.test("still signed in, whatever the siblings did", { dependsOn: signIn }, async (ctx) => {
  const res = await ctx.fetch(`${SHOP}/me`, as(ctx.parent.token));
  expect(res.status).toBe(200);
  expect(await res.json()).toEqual({ id: ctx.parent.userId, name: "Ada" });
});

env.describe("destruction", () => {
  env.test("without its users the shop fails", { dependsOn: signIn }, async (ctx) => {
    await ctx.svc.db.client`drop table users cascade`;
    expect((await ctx.fetch(`${SHOP}/me`, as(ctx.parent.token))).status).toBe(500);
  });

  env.test("no sibling sees the dropped table", { dependsOn: signIn }, async (ctx) => {
    const users = await ctx.svc.db.client`select name from users`;
    expect(users.map((user) => user.name)).toEqual(["Ada"]);
  });

  env.test("a dead server answers nobody", { dependsOn: signUp }, async (ctx) => {
    // The shell may not live to report its exit code: its container ends with the server.
    await ctx.exec("api", "kill 1");
    expect((await ctx.fetch(`${SHOP}/health`)).status).toBe(502);
  });

  env.test("and lives on next door", { dependsOn: signUp }, async (ctx) => {
    expect((await ctx.fetch(`${SHOP}/health`)).status).toBe(200);
  });
});
