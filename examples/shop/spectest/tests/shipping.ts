import { expect } from "spectest";
import { env } from "../index";
import { SHOP } from "../shop";
import { pay } from "./checkout";

env.test("the receipt is on disk", { dependsOn: pay }, async (ctx) => {
  const receipt = await ctx.exec("api", `cat /var/shop/receipts/${ctx.parent.orderId}.txt`);
  expect(receipt.stdout).toBe(`order ${ctx.parent.orderId}: 900 cents, charge ch_1\n`);
});

env.test("paying again finds the cart empty", { dependsOn: pay }, async (ctx) => {
  const res = await ctx.fetch(`${SHOP}/users/${ctx.parent.userId}/pay`, { method: "POST" });
  expect(res.status).toBe(402);
  expect(ctx.fakes.stripe.charges()).toHaveLength(1);
});

/** Leaves a process running in the API's container; the tests below find it alive in their own machines. */
const startWorker = env.test("start a worker", { dependsOn: pay }, async (ctx) => {
  const started = await ctx.exec("api", "setsid node /srv/worker.js >/tmp/worker.log 2>&1 </dev/null & echo $!");
  expect(started.exitCode).toBe(0);
  await ctx.poll("the worker waits for orders", async () => (await ctx.exec("api", "cat /tmp/worker.log")).stdout.includes("waits"));
  return { ...ctx.parent, pid: Number(started.stdout) };
});

const statusOf = (orders: { status: string }[]) => orders.map((order) => order.status);

env.test("the worker ships the order", { dependsOn: startWorker }, async (ctx) => {
  const { userId, orderId } = ctx.parent;
  await ctx.fetch(`${SHOP}/orders/${orderId}/ship`, { method: "POST" });
  await ctx.poll(
    "the order is shipped",
    async () => {
      const res = await ctx.fetch(`${SHOP}/users/${userId}/orders`);
      return statusOf(await res.json()).includes("shipped");
    },
    { intervalMs: 100 },
  );
});

env.test("without a worker the order waits", { dependsOn: startWorker }, async (ctx) => {
  const { userId, orderId, pid } = ctx.parent;
  expect((await ctx.exec("api", `kill -9 ${pid}`)).exitCode).toBe(0);
  await ctx.fetch(`${SHOP}/orders/${orderId}/ship`, { method: "POST" });
  const res = await ctx.fetch(`${SHOP}/users/${userId}/orders`);
  expect(statusOf(await res.json())).toEqual(["paid"]);
});
