/** The shop's API: plain node:http in front of PostgreSQL, Redis and a payment provider. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Reply, routes } from "./routes.ts";
import { createTables, openStores } from "./stores.ts";

const stores = openStores(process.env);

async function answer(request: IncomingMessage): Promise<Reply> {
  const path = new URL(request.url ?? "/", "http://shop").pathname;
  const route = routes.find(({ method, pattern }) => method === request.method && pattern.test(path));
  if (route === undefined) return { status: 404, body: { error: `no ${request.method} ${path}` } };
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += String(chunk);
  return await route.handle({
    stores,
    params: route.pattern.exec(path)?.slice(1) ?? [],
    body: text === "" ? {} : JSON.parse(text),
    token: request.headers.authorization?.replace("Bearer ", ""),
  });
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, body } = await answer(request).catch((error: unknown): Reply => {
    console.error(error);
    return { status: 500, body: { error: error instanceof Error ? error.message : String(error) } };
  });
  response.writeHead(status, { "content-type": "application/json" }).end(body === undefined ? undefined : JSON.stringify(body));
}

const server = createServer((request, response) => void serve(request, response));

// The first process of a container is not ended by signals it does not handle.
process.on("SIGTERM", () => process.exit(0));

createTables(stores)
  .then(() => server.listen(3000, () => console.log("the shop listens on 3000")))
  .catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
