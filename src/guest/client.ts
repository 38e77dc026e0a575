/** The typed client of the daemon: every method derives from the table of routes. */
import http2, { type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Duplex, Readable } from "node:stream";
import type { z } from "zod";
import type { SpectestError } from "../errors/index.ts";
import { openLink } from "../protocol/link.ts";
import { type RouteName, routes } from "../protocol/index.ts";
import { channelError } from "./failure.ts";
import { forwardStream } from "./forward.ts";
import { callConnect, callDuplex, callJson, type CallOptions, callStream, callUpload, type DuplexCall, type Target } from "./request.ts";

type Table = typeof routes;
type In<K extends RouteName> = Table[K]["request"] extends z.ZodType ? z.input<Table[K]["request"]> : never;
type Out<K extends RouteName> = z.output<Table[K]["reply"]>;
type Params<P extends string> = P extends `${string}:${infer Name}/${infer Rest}`
  ? { [key in Name]: string } & Params<Rest>
  : P extends `${string}:${infer Name}`
    ? { [key in Name]: string }
    : unknown;
/** Requests without fields may be left out. */
type Arguments<K extends RouteName> = string extends keyof In<K> ? [request?: Record<string, never>] : [request: In<K>];

interface Shapes<K extends RouteName> {
  json: (...args: [...Arguments<K>, options?: CallOptions]) => Promise<Out<K>>;
  /** The body is a tar; fields of the path come first, e.g. `{ hash }`. */
  upload: (params: Params<Table[K]["path"]>, body: Readable, options?: CallOptions) => Promise<Out<K>>;
  /** Leaving the loop early resets the request. */
  stream: (request: In<K>, options?: CallOptions) => AsyncIterable<Out<K>>;
  duplex: (options?: CallOptions) => DuplexCall<In<K>, Out<K>>;
}
type RouteMethods = { [K in RouteName]: Shapes<K>[Table[K]["kind"]] };

/**
 * Calls fail with a SpectestError: DAEMON_* or the code the daemon named (`value` is the WireError), TIMEOUT and
 * CANCELLED by this side's deadline and signal, CHANNEL when the machine or its daemon is gone.
 */
export interface GuestClient extends RouteMethods {
  /**
   * A byte stream to a port inside the guest; the names of services work as hosts.
   *
   * @example const socket = await guest.tunnel("db", 5432);
   */
  tunnel(host: string, port: number, options?: CallOptions): Promise<Duplex>;
  /**
   * Passes one request of another session on to the daemon, bodies and trailers streaming both ways: how a process that holds
   * the machine lets others talk to its daemon.
   */
  forward(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void;
  /** Ends the session; calls in progress fail with CHANNEL. The daemon stays up for the next one. */
  close(): void;
  /** Resolves when the session is over, with the reason when it was not `close()`. */
  readonly closed: Promise<SpectestError | undefined>;
}

export interface ConnectOptions {
  /** Until the daemon must have answered the greeting. Default 30 000. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

const WINDOW_BYTES = 16 * 1024 * 1024;

/**
 * Opens a session with the daemon on the byte channel of a machine. The channel belongs to the client from then on.
 *
 * @throws SpectestError CHANNEL when the daemon does not answer in time or the channel ends.
 * @example
 * const guest = await connectGuest(net.connect(controlSocket));
 * for await (const line of guest.bootstrap({})) show(line);
 */
export async function connectGuest(channel: Duplex, options: ConnectOptions = {}): Promise<GuestClient> {
  const link = await openLink(channel, options).catch((error: unknown) => {
    throw channelError("the greeting", error);
  });
  return openSession(link);
}

/**
 * The same client on a stream that is a session's own already, such as the socket of a process that forwards requests.
 *
 * @throws SpectestError CHANNEL when nobody speaks HTTP/2 there.
 */
export async function openSession(link: Duplex): Promise<GuestClient> {
  const session = http2.connect("http://guest", {
    createConnection: () => link,
    settings: { initialWindowSize: WINDOW_BYTES, enablePush: false },
  });
  session.setMaxListeners(0);
  let failure: unknown;
  let closing = false;
  session.on("error", (error) => {
    failure ??= error;
  });
  link.on("error", (error) => {
    failure ??= error;
    session.destroy();
  });
  link.on("close", () => session.destroy());
  const closed = new Promise<SpectestError | undefined>((resolve) => {
    session.once("close", () => {
      link.destroy();
      resolve(closing ? undefined : channelError("an idle session", failure));
    });
  });
  await new Promise<void>((resolve, reject) => {
    session.once("connect", () => {
      session.setLocalWindowSize(4 * WINDOW_BYTES);
      resolve();
    });
    session.once("close", () => reject(channelError("the first exchange", failure)));
  });
  return {
    ...methodsOf(session),
    tunnel: (host, port, callOptions = {}) => callConnect(session, host, port, callOptions),
    forward: (stream, headers) => forwardStream(session, stream, headers),
    close: () => {
      closing = true;
      session.destroy();
    },
    closed,
  };
}

function methodsOf(session: http2.ClientHttp2Session): RouteMethods {
  const methods: Partial<Record<RouteName, (...args: never[]) => unknown>> = {};
  for (const name of Object.keys(routes) as RouteName[]) methods[name] = methodFor(session, name);
  // Built from the same table as the type, entry by entry.
  return methods as RouteMethods;
}

function methodFor(session: http2.ClientHttp2Session, name: RouteName): (...args: never[]) => unknown {
  const route = routes[name];
  const target: Target = { session, name, method: route.method, path: route.path };
  switch (route.kind) {
    case "json":
      return (request: unknown, options: CallOptions = {}) => callJson(target, request ?? {}, route.reply, options);
    case "stream":
      return (request: unknown, options: CallOptions = {}) => callStream(target, request, route.reply, options);
    case "upload":
      return (params: Record<string, string>, body: Readable, options: CallOptions = {}) =>
        callUpload({ ...target, path: fillPath(route.path, params) }, body, route.reply, options);
    case "duplex":
      return (options: CallOptions = {}) => callDuplex(target, route.reply, options);
  }
}

function fillPath(path: string, params: Record<string, string>): string {
  return path.replace(/:([a-zA-Z]+)/g, (_whole, name: string) => {
    const value = params[name];
    if (value === undefined) throw new RangeError(`the path ${path} needs ${name}`);
    return encodeURIComponent(value);
  });
}
