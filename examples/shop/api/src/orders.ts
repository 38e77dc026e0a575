import { mkdir, writeFile } from "node:fs/promises";
import { SHIPPING_QUEUE, type Stores } from "./stores.ts";

const RECEIPTS = "/var/shop/receipts";

export interface Order {
  id: number;
  totalCents: number;
  status: string;
}

/** Charges the cart's total, then stores the order, writes its receipt and empties the cart. */
export async function pay({ sql, redis }: Stores, userId: number): Promise<Order | { error: string }> {
  const cart = await redis.hgetall(`cart:${userId}`);
  if (Object.keys(cart).length === 0) return { error: "the cart is empty" };
  const products = await sql<{ sku: string; price_cents: number }[]>`
    select sku, price_cents from products where sku in ${sql(Object.keys(cart))}`;
  const totalCents = products.reduce((sum, product) => sum + product.price_cents * Number(cart[product.sku]), 0);
  const answer = await fetch("https://api.stripe.com/v1/charges", {
    method: "POST",
    body: new URLSearchParams({ amount: String(totalCents), currency: "eur" }),
  });
  const charge: { id?: string; error?: { message: string } } = JSON.parse(await answer.text());
  if (charge.id === undefined) return { error: charge.error?.message ?? `the payment failed with ${answer.status}` };
  const [row] = await sql<{ id: number; status: string }[]>`
    insert into orders (user_id, total_cents, charge_id) values (${userId}, ${totalCents}, ${charge.id}) returning id, status`;
  if (row === undefined) throw new Error("the order was not stored");
  await mkdir(RECEIPTS, { recursive: true });
  await writeFile(`${RECEIPTS}/${row.id}.txt`, `order ${row.id}: ${totalCents} cents, charge ${charge.id}\n`);
  await redis.del(`cart:${userId}`);
  return { id: row.id, totalCents, status: row.status };
}

export async function ordersOf({ sql }: Stores, userId: number): Promise<Order[]> {
  return await sql<Order[]>`select id, total_cents as "totalCents", status from orders where user_id = ${userId} order by id`;
}

export async function requestShipping({ redis }: Stores, orderId: number): Promise<void> {
  await redis.lpush(SHIPPING_QUEUE, orderId);
}
