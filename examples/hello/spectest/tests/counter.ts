import { expect } from "spectest";
import { env } from "../index";

const first = env.test("counts a visit", async (ctx) => {
  expect(await ctx.svc.cache.client.incr("visits")).toBe(1);
  return { greeting: "hello" };
});

env.test("counts the next one from there", { dependsOn: first }, async (ctx) => {
  expect(ctx.parent.greeting).toBe("hello");
  expect(await ctx.svc.cache.client.incr("visits")).toBe(2);
});
