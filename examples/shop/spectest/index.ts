import { defineEnvironment, dockerfile, postgres, registry } from "spectest";
import { stripe } from "./stripe";

export const env = defineEnvironment({
  services: {
    db: postgres({ database: "shop" }),
    cache: { image: registry("spectest/redis:8"), readyCheck: { type: "tcp", port: 6379 } },
    api: {
      // api/dist is made on the host by `npm run build`: two files, dependencies included, so the image needs no npm.
      image: dockerfile(`FROM spectest/node:24\nCOPY api/dist /srv\nCMD ["node", "/srv/server.js"]`, { exclude: ["README.md"] }),
      env: { DATABASE_URL: "postgres://postgres@db/shop", REDIS_URL: "redis://cache" },
      dependsOn: ["db", "cache"],
      readyCheck: { type: "http", port: 3000, path: "/health" },
      tls: [{ hostname: "shop.test", port: 3000 }],
    },
  },
  fakes: { stripe },
});

/** Runs once, before the environment is captured: every test starts with these products in the shop. */
export default env.project({
  setup: async ({ svc }) => {
    const products = [
      { sku: "tea", title: "Green tea", price_cents: 450 },
      { sku: "cup", title: "Cup", price_cents: 1200 },
    ];
    await svc.db.client`insert into products ${svc.db.client(products)}`;
  },
});
