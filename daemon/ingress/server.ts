/** The ingress: plain HTTP and TLS listeners that route by host name. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Duplex } from "node:stream";
import { messageOf, SpectestError } from "../../src/errors/index.ts";
import { FAKE_HEADERS } from "../ipc/messages.ts";
import type { Authority } from "./authority.ts";
import { answerText, type ProxyRequest, proxyRequest, proxyUpgrade, refuseUpgrade } from "./proxy.ts";
import { hostnameOf, type IngressRoute, routeFor } from "./routing.ts";

export interface IngressOptions {
  /** A certificate for a group of names. */
  contextFor: Authority["contextFor"];
  /** Where the project host serves the fakes. */
  fakesSocket: string;
  /** The present address of a service's container. */
  addressOf(service: string): string | undefined;
  ports?: { http: number; https: number };
}

export interface Ingress {
  /** Listens on these addresses; the routes' own ports included. Idempotent. */
  listen(addresses: readonly string[]): Promise<void>;
  setRoutes(routes: readonly IngressRoute[]): void;
  addRoute(route: IngressRoute): Promise<void>;
  removeRoutesOf(service: string): void;
  hostnames(): string[];
  close(): void;
}

export function createIngress(options: IngressOptions): Ingress {
  const { http: httpPort, https: httpsPort } = options.ports ?? { http: 80, https: 443 };
  const servers = new Map<string, Server>();
  let routes: readonly IngressRoute[] = [];
  let addresses: readonly string[] = [];

  const handlers = (proto: "http" | "https") => ({
    request: (message: IncomingMessage, response: ServerResponse): void => {
      const route = routeFor(routes, message.headers.host ?? "");
      if (!route) answerText(response, 404, `no service or fake answers for the host ${hostnameOf(message.headers.host ?? "")}`);
      else {
        proxyRequest(message, response, toProxyRequest(route, proto, options)).catch((error: unknown) =>
          answerText(response, 500, messageOf(error)),
        );
      }
    },
    upgrade: (message: IncomingMessage, socket: Duplex, head: Buffer): void => {
      const route = routeFor(routes, message.headers.host ?? "");
      if (!route) refuseUpgrade(socket, 404, `no service or fake answers for the host ${hostnameOf(message.headers.host ?? "")}`);
      else if (route.target.type === "fake") refuseUpgrade(socket, 426, `the fake ${route.target.fake} takes no upgraded connections`);
      else proxyUpgrade(message, socket, head, toProxyRequest(route, proto, options)).catch(() => socket.destroy());
    },
  });

  const open = async (address: string, port: number, proto: "http" | "https"): Promise<void> => {
    const key = `${address}:${port}`;
    if (servers.has(key)) return;
    const server =
      proto === "http"
        ? createServer()
        : createTlsServer({ SNICallback: sniOf(options.contextFor, () => routes), ALPNProtocols: ["http/1.1"] });
    const { request, upgrade } = handlers(proto);
    server.on("request", request);
    server.on("upgrade", upgrade);
    // Streams may be silent for as long as they like.
    server.timeout = 0;
    server.requestTimeout = 0;
    server.keepAliveTimeout = 75_000;
    servers.set(key, server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) =>
        reject(new SpectestError("INTERNAL", { what: `the ingress cannot listen on ${key}: ${error.message}`, cause: error })),
      );
      server.listen(port, address, resolve);
    });
  };

  const openAll = async (): Promise<void> => {
    const extra = routes.flatMap((route) => (route.port === undefined ? [] : [route.port]));
    const plain = new Set([httpPort, ...extra.filter((port) => port !== httpsPort)]);
    for (const address of addresses) {
      for (const port of plain) await open(address, port, "http");
      await open(address, httpsPort, "https");
    }
  };

  return {
    listen: (on) => {
      addresses = on;
      return openAll();
    },
    setRoutes: (next) => {
      routes = next;
    },
    addRoute: (route) => {
      routes = [...routes, route];
      return openAll();
    },
    removeRoutesOf: (service) => {
      routes = routes.filter((route) => route.target.type !== "service" || route.target.service !== service);
    },
    hostnames: () => [...new Set(routes.flatMap((route) => route.hostnames))],
    close: () => {
      for (const server of servers.values()) {
        server.close();
        server.closeAllConnections();
      }
      servers.clear();
    },
  };
}

function toProxyRequest(route: IngressRoute, proto: "http" | "https", options: IngressOptions): ProxyRequest {
  const { target } = route;
  if (target.type === "fake") {
    return {
      upstream: () => ({ socketPath: options.fakesSocket }),
      label: `the fake ${target.fake}`,
      proto,
      extraHeaders: [FAKE_HEADERS.fake, target.fake],
    };
  }
  return {
    upstream: () => {
      const host = options.addressOf(target.service);
      if (host === undefined) throw new Error(`service ${target.service} is not running`);
      return { host, port: target.port };
    },
    label: `service ${target.service} (port ${target.port})`,
    proto,
    extraHeaders: [],
  };
}

/** A name below a pattern by more than one label gets its own leaf: a wildcard in a certificate covers one label. */
function sniOf(contextFor: Authority["contextFor"], routes: () => readonly IngressRoute[]) {
  return (servername: string, callback: (error: Error | null, context?: ReturnType<Authority["contextFor"]>) => void): void => {
    try {
      const name = hostnameOf(servername);
      const group = routeFor(routes(), name)?.hostnames ?? [];
      const covered = group.some(
        (host) => host.toLowerCase() === name || (host.startsWith("*.") && name.split(".").slice(1).join(".") === host.slice(2)),
      );
      callback(null, contextFor(covered ? group : [name]));
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)));
    }
  };
}
