/** The environment's name server: its own names from the table, everything else from the guest's server before. */
import { createSocket, type Socket } from "node:dgram";
import { readFile, writeFile } from "node:fs/promises";
import { answerOf, failureOf, readQuestion } from "./message.ts";

export interface NameServerOptions {
  resolve(name: string): string | undefined;
  /** The guest's resolver configuration, which is pointed here. */
  resolvFile: string;
  port?: number;
}

export interface NameServer {
  /** Idempotent. */
  listen(address: string): Promise<void>;
  close(): void;
}

const UPSTREAM_MS = 4000;

export function createNameServer(options: NameServerOptions): NameServer {
  const { resolve, resolvFile, port = 53 } = options;
  let server: Socket | undefined;
  let upstreams: string[] = [];

  const onQuery = (socket: Socket, query: Buffer, client: { address: string; port: number }): void => {
    const reply = (message: Buffer): void => socket.send(message, client.port, client.address, () => {});
    const question = readQuestion(query);
    const address = question && resolve(question.name);
    if (question && address !== undefined) reply(answerOf(query, question, address));
    else void forward(query, upstreams).then((answer) => reply(answer ?? failureOf(query)));
  };

  return {
    listen: async (address) => {
      if (server) return;
      const current = await readFile(resolvFile, "utf8").catch(() => "");
      upstreams = nameServersOf(current).filter((upstream) => upstream !== address);
      const socket = createSocket("udp4");
      server = socket;
      socket.on("message", (query, client) => onQuery(socket, query, client));
      await new Promise<void>((done, reject) => {
        socket.once("error", reject);
        socket.bind(port, address, done);
      });
      socket.on("error", () => {});
      // The address of the bridge, not of loopback: image builds take this file over, and drop loopback servers.
      await writeFile(resolvFile, `nameserver ${address}\n`);
    },
    close: () => {
      server?.close();
      server = undefined;
    },
  };
}

export function nameServersOf(resolvConf: string): string[] {
  return [...resolvConf.matchAll(/^\s*nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/gm)].map((match) => match[1] ?? "");
}

/** A socket per question: its port keeps the answers apart. */
function forward(query: Buffer, upstreams: readonly string[]): Promise<Buffer | undefined> {
  const [upstream] = upstreams;
  if (upstream === undefined) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    const finish = (answer: Buffer | undefined): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => finish(undefined), UPSTREAM_MS);
    socket.once("message", (answer) => finish(answer));
    socket.once("error", () => finish(undefined));
    socket.send(query, 53, upstream);
  });
}
