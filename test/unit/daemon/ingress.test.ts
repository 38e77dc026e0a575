import { X509Certificate } from "node:crypto";
import { createServer, request as httpRequest, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { checkServerIdentity, createSecureContext } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { createRootCa, issueLeaf } from "../../../daemon/ingress/certificates.ts";
import { endToEndHeaders, hostnameOf, type IngressRoute, routeFor, withForwarded } from "../../../daemon/ingress/routing.ts";
import { createIngress } from "../../../daemon/ingress/server.ts";

test("leaves are signed by the root, cover their names with wildcards, and are valid at any sensible clock", () => {
  const ca = createRootCa("spectest root");
  const leaf = issueLeaf(ca, ["shop.test", "*.shop.test"]);
  const root = new X509Certificate(ca.certPem);
  const cert = new X509Certificate(leaf.certPem);
  expect(root.ca).toBe(true);
  expect(root.verify(root.publicKey)).toBe(true);
  expect(cert.ca).toBe(false);
  expect(cert.verify(root.publicKey)).toBe(true);
  expect(cert.checkIssued(root)).toBe(true);
  expect(cert.subjectAltName).toBe("DNS:shop.test, DNS:*.shop.test");
  expect(new Date(cert.validFrom).getFullYear()).toBeLessThan(2021);
  expect(new Date(cert.validTo).getFullYear()).toBe(2049);
  expect(cert.serialNumber).not.toBe(root.serialNumber);
  expect(checkServerIdentity("a.shop.test", cert.toLegacyObject())).toBeUndefined();
  expect(() => createSecureContext({ key: leaf.keyPem, cert: leaf.certPem })).not.toThrow();
});

test("routing is by host without port and case; exact names beat patterns, later routes beat earlier", () => {
  const route = (service: string, ...hostnames: string[]): IngressRoute => ({ hostnames, target: { type: "service", service, port: 1 } });
  const routes = [route("any", "*.test"), route("shop", "*.shop.test"), route("exact", "a.shop.test"), route("late", "a.shop.test")];
  const found = (host: string): unknown => routeFor(routes, host)?.target;
  expect(found("A.Shop.Test:8080")).toMatchObject({ service: "late" });
  expect(found("b.shop.test")).toMatchObject({ service: "shop" });
  expect(found("x.test.")).toMatchObject({ service: "any" });
  expect(found("test")).toBeUndefined();
  expect(hostnameOf("EXAMPLE.com:443")).toBe("example.com");
});

test("hop-by-hop headers end here, also those that Connection names; forwarded ones are added and not believed", () => {
  const raw = [
    "Host",
    "a",
    "Connection",
    "keep-alive, X-Hop",
    "X-Hop",
    "1",
    "Transfer-Encoding",
    "chunked",
    "Accept",
    "b",
    "Set-Cookie",
    "x",
    "Set-Cookie",
    "y",
  ];
  expect(endToEndHeaders(raw)).toEqual(["Host", "a", "Accept", "b", "Set-Cookie", "x", "Set-Cookie", "y"]);
  expect(withForwarded(["X-Forwarded-Proto", "ftp", "X-Forwarded-For", "1.1.1.1"], "2.2.2.2", "https", "shop.test")).toEqual([
    "X-Forwarded-For",
    "1.1.1.1, 2.2.2.2",
    "X-Forwarded-Proto",
    "https",
    "X-Forwarded-Host",
    "shop.test",
  ]);
});

async function listening(server: Server | ReturnType<typeof createTcpServer>, port = 0): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function openIngress(port: number): Promise<number> {
  const http = await freePort();
  const ingress = createIngress({
    contextFor: () => createSecureContext(),
    fakesSocket: "/nowhere/fakes.sock",
    addressOf: (service) => (service === "api" ? "127.0.0.1" : undefined),
    ports: { http, https: await freePort() },
  });
  onTestFinished(() => ingress.close());
  ingress.setRoutes([
    { hostnames: ["shop.test"], target: { type: "service", service: "api", port } },
    { hostnames: ["gone.test"], target: { type: "service", service: "gone", port } },
    { hostnames: ["fake.test"], target: { type: "fake", fake: "stripe" } },
  ]);
  await ingress.listen(["127.0.0.1"]);
  return http;
}

function send(
  port: number,
  host: string,
  method: string,
  body?: Buffer[],
  headers: Record<string, string> = {},
): Promise<IncomingMessage & { text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: "127.0.0.1", port, method, path: "/p?q=1", headers: { host, ...headers }, agent: false },
      async (response) => {
        const parts: Buffer[] = [];
        for await (const part of response) parts.push(part);
        resolve(Object.assign(response, { text: Buffer.concat(parts).toString("latin1") }));
      },
    );
    request.on("error", reject);
    for (const part of body ?? []) request.write(part);
    request.end();
  });
}

test("the proxy passes bodies byte for byte in both directions and keeps repeated headers", async () => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_unused, index) => (index * 7) % 256));
  const upstream = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    response.writeHead(
      201,
      "Made",
      [
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=2"],
        ["Content-Encoding", "gzip"],
        ["X-Seen", String(request.headers["x-forwarded-host"])],
      ].flat(),
    );
    response.end(Buffer.concat(parts));
  });
  const port = await openIngress(await listening(upstream));
  const answer = await send(port, "shop.test:80", "POST", [bytes.subarray(0, 1000), bytes.subarray(1000)], { "x-forwarded-proto": "ftp" });
  expect(answer.statusCode).toBe(201);
  expect(answer.statusMessage).toBe("Made");
  expect(answer.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
  expect(answer.headers["content-encoding"]).toBe("gzip");
  expect(answer.headers["x-seen"]).toBe("shop.test:80");
  expect(answer.text === bytes.toString("latin1")).toBe(true);
});

test("the answer streams: what the upstream flushed arrives before it ends", async () => {
  let finish = (): void => {};
  const upstream = createServer((_request, response) => {
    response.write("first\n");
    finish = () => response.end("last\n");
  });
  const port = await openIngress(await listening(upstream));
  const seen: string[] = [];
  await new Promise<void>((resolve, reject) => {
    httpRequest({ host: "127.0.0.1", port, headers: { host: "shop.test" } }, (response) => {
      response.on("data", (chunk: Buffer) => {
        seen.push(chunk.toString());
        finish();
      });
      response.on("end", resolve);
    })
      .on("error", reject)
      .end();
  });
  expect(seen).toEqual(["first\n", "last\n"]);
});

test("unknown hosts are 404, unreachable upstreams 502, refused upgrades 426, each with words", async () => {
  const port = await openIngress(await freePort());
  expect(await send(port, "nobody.test", "GET")).toMatchObject({
    statusCode: 404,
    text: "no service or fake answers for the host nobody.test\n",
  });
  expect(await send(port, "gone.test", "GET")).toMatchObject({
    statusCode: 502,
    text: expect.stringContaining("service gone is not running"),
  });
  expect(await send(port, "shop.test", "GET")).toMatchObject({ statusCode: 502, text: expect.stringContaining("ECONNREFUSED") });
  const upgrade = { connection: "Upgrade", upgrade: "websocket" };
  expect(await send(port, "fake.test", "GET", [], upgrade)).toMatchObject({ statusCode: 426 });
  expect(await send(port, "nobody.test", "GET", [], upgrade)).toMatchObject({ statusCode: 404 });
});

test("an upstream that begins to listen during the retries gets the request once, whole", async () => {
  const late = await freePort();
  const port = await openIngress(late);
  let asked = 0;
  const upstream = createServer(async (request, response) => {
    asked++;
    let size = 0;
    for await (const part of request) size += part.length;
    response.end(String(size));
  });
  setTimeout(() => void listening(upstream, late), 120);
  expect((await send(port, "shop.test", "PUT", [Buffer.alloc(200_000)])).text).toBe("200000");
  expect(asked).toBe(1);
  upstream.close();
});

test("an upgraded connection carries bytes both ways, also those sent before the upstream answered", async () => {
  const upstream = createServer();
  upstream.on("upgrade", (_request, socket, head) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n");
    if (head.length > 0) socket.write(head);
    socket.pipe(socket);
  });
  const port = await openIngress(await listening(upstream));
  const client = connect(port, "127.0.0.1");
  client.write("GET /ws HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly ");
  let text = "";
  await new Promise<void>((resolve) => {
    client.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.endsWith("early ")) client.write("late");
      if (text.endsWith("late")) resolve();
    });
  });
  expect(text).toMatch(/^HTTP\/1.1 101 .*early late$/s);
  client.destroy();
});
