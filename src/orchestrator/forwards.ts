/** Ports of services on host loopback, through tunnels of the control channel. */
import { createServer, type Server, type Socket } from "node:net";
import { pipeline } from "node:stream";
import type { GuestClient } from "../guest/index.ts";
import type { RunContext } from "./run-context.ts";

export interface Address {
  service: string;
  /** Inside the environment. */
  port: number;
  /** On the host, e.g. "127.0.0.1:40123". */
  address: string;
}

/** Opens a loopback port for every declared port of every service; the same number when it is free. */
export async function forwardServices(run: RunContext, guest: GuestClient): Promise<Address[]> {
  const { services } = await guest.services({});
  const wanted = services.flatMap((service) => service.ports.map((port) => ({ service: service.name, port })));
  const addresses: Address[] = [];
  for (const { service, port } of wanted)
    addresses.push({ service, port, address: await forwardPort(run, guest, { service, port, localPort: port }) });
  return addresses;
}

/** Listens on 127.0.0.1 and gives its address; port 0 or a taken port becomes a free one. */
export async function forwardPort(
  run: RunContext,
  guest: GuestClient,
  wanted: { service: string; port: number; localPort: number },
): Promise<string> {
  const sockets = new Set<Socket>();
  const serve = (socket: Socket): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    void relay(guest, socket, wanted);
  };
  const server = await listen(serve, wanted.localPort).catch(() => listen(serve, 0));
  run.scope.defer(`close the forward to ${wanted.service}:${wanted.port}`, async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const address = server.address();
  return `127.0.0.1:${typeof address === "object" && address ? address.port : wanted.localPort}`;
}

function listen(serve: (socket: Socket) => void, port: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, serve);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

async function relay(guest: GuestClient, socket: Socket, { service, port }: { service: string; port: number }): Promise<void> {
  try {
    const tunnel = await guest.tunnel(service, port);
    pipeline(socket, tunnel, () => socket.destroy());
    pipeline(tunnel, socket, () => tunnel.destroy());
  } catch {
    socket.destroy();
  }
}
