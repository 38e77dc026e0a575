/** Ships orders: a background process beside the server, started by whoever needs it. */
import { openStores, SHIPPING_QUEUE } from "./stores.ts";

const { sql, redis } = openStores(process.env);

async function work(): Promise<never> {
  console.log(`worker ${process.pid} waits for orders`);
  for (;;) {
    const item = await redis.brpop(SHIPPING_QUEUE, 0);
    if (item === null) continue;
    await sql`update orders set status = 'shipped' where id = ${Number(item[1])}`;
    console.log(`shipped order ${item[1]}`);
  }
}

work().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
