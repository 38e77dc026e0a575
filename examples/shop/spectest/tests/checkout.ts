import { expect } from "spectest";
import { env } from "../index";
import { as, json, SHOP } from "../shop";
import { signIn } from "./accounts";

export const fillCart = env.test("fill the cart", { dependsOn: signIn }, async (ctx) => {
  const { userId, token } = ctx.parent;
  await ctx.fetch(`${SHOP}/cart/tea`, { method: "PUT", ...as(token), ...json({ quantity: 2 }) });
  const res = await ctx.fetch(`${SHOP}/cart`, as(token));
  expect(await res.json()).toEqual({ tea: "2" });
  return { userId, token };
});

env.test("a flushed Redis empties the cart", { dependsOn: fillCart }, async (ctx) => {
  expect((await ctx.exec("cache", "redis-cli FLUSHALL")).exitCode).toBe(0);
  expect(await (await ctx.fetch(`${SHOP}/cart`, as(ctx.parent.token))).json()).toEqual({});
});

env.test("the cart is full for everybody else", { dependsOn: fillCart }, async (ctx) => {
  expect(await (await ctx.fetch(`${SHOP}/cart`, as(ctx.parent.token))).json()).toEqual({ tea: "2" });
});

env.test("a declined card costs nothing", { dependsOn: fillCart, tags: ["payment"] }, async (ctx) => {
  ctx.fakes.stripe.declineAll();
  const res = await ctx.fetch(`${SHOP}/users/${ctx.parent.userId}/pay`, { method: "POST" });
  expect(res.status).toBe(402);
  expect(await res.json()).toEqual({ error: "Your card was declined." });
  expect(await ctx.svc.db.client`select * from orders`).toHaveLength(0);
});

export const pay = env.test("pay", { dependsOn: fillCart, timeoutMs: 30_000, tags: ["payment"] }, async (ctx) => {
  const { userId } = ctx.parent;
  const res = await ctx.fetch(`${SHOP}/users/${userId}/pay`, { method: "POST" });
  expect(res.status).toBe(201);
  const order = await res.json<{ id: number; totalCents: number }>();
  expect(order.totalCents).toBe(900);
  expect(ctx.fakes.stripe.charges()).toEqual([{ id: "ch_1", amount: 900 }]);
  return { userId, orderId: order.id };
});
