/**
 * Sessions over one byte channel. After a fork the guest's memory holds a session whose peer is gone, perhaps in the middle
 * of a frame; the host's end is new. The host names a session (HELLO, repeated until it is acknowledged), the guest drops
 * the old one and answers, and from then on only frames of that session count. Everything before is noise.
 *
 * `HostLink` and `GuestLink` are pure: bytes in, effects out. `openLink` and `acceptLinks` put them on a Duplex.
 */
import { randomBytes } from "node:crypto";
import { Duplex } from "node:stream";
import { createFrameParser, cutPayload, encodeFrame, SID_BYTES } from "./frames.ts";

export type LinkEffect =
  | { type: "send"; bytes: Buffer }
  /** The session is up; its data follows. On the guest the one before, if any, is over. */
  | { type: "opened"; sid: string }
  | { type: "data"; sid: string; payload: Buffer }
  /** The other side ended the session. */
  | { type: "closed"; sid: string };

export interface LinkMachine {
  receive(chunk: Buffer): LinkEffect[];
  /** Encoded frames of the open session's data; nothing when `sid` is not the open one. */
  data(sid: string, bytes: Buffer): Buffer[];
  /** Ends a session from this side. */
  close(sid: string): LinkEffect[];
}

export interface HostLink extends LinkMachine {
  readonly sid: string;
  /** The greeting, to be repeated until `opened`; nothing after that. */
  greet(): LinkEffect[];
}

export function createHostLink(sid: string = randomBytes(SID_BYTES).toString("hex")): HostLink {
  const parser = createFrameParser();
  let state: "greeting" | "open" | "closed" = "greeting";
  return {
    sid,
    greet: () => (state === "greeting" ? [{ type: "send", bytes: encodeFrame("hello", sid) }] : []),
    receive: (chunk) => {
      const effects: LinkEffect[] = [];
      for (const frame of parser.push(chunk)) {
        if (frame.sid !== sid || state === "closed") continue;
        if (frame.type === "ack" && state === "greeting") {
          state = "open";
          effects.push({ type: "opened", sid });
        } else if (frame.type === "data" && state === "open") {
          effects.push({ type: "data", sid, payload: frame.payload });
        } else if (frame.type === "close") {
          state = "closed";
          effects.push({ type: "closed", sid });
        }
      }
      return effects;
    },
    data: (of, bytes) => (of === sid && state === "open" ? encodeData(sid, bytes) : []),
    close: (of) => {
      if (of !== sid || state === "closed") return [];
      state = "closed";
      return [{ type: "send", bytes: encodeFrame("close", sid) }];
    },
  };
}

export function createGuestLink(): LinkMachine {
  const parser = createFrameParser();
  let open: string | undefined;
  /** A closed session's repeated greeting must not bring it back. */
  let last: string | undefined;
  return {
    receive: (chunk) => {
      const effects: LinkEffect[] = [];
      for (const frame of parser.push(chunk)) {
        if (frame.type === "hello" && (frame.sid !== last || frame.sid === open)) {
          effects.push({ type: "send", bytes: encodeFrame("ack", frame.sid) });
          if (frame.sid === open) continue;
          open = frame.sid;
          last = frame.sid;
          effects.push({ type: "opened", sid: frame.sid });
        } else if (frame.type === "data" && frame.sid === open) {
          effects.push({ type: "data", sid: frame.sid, payload: frame.payload });
        } else if (frame.type === "close" && frame.sid === open) {
          open = undefined;
          effects.push({ type: "closed", sid: frame.sid });
        }
      }
      return effects;
    },
    data: (of, bytes) => (of === open ? encodeData(of, bytes) : []),
    close: (of) => {
      if (of !== open) return [];
      open = undefined;
      return [{ type: "send", bytes: encodeFrame("close", of) }];
    },
  };
}

function encodeData(sid: string, bytes: Buffer): Buffer[] {
  return cutPayload(bytes).map((piece) => encodeFrame("data", sid, piece));
}

export interface OpenLinkOptions {
  /** Between two greetings. Default 250. */
  greetEveryMs?: number;
  /** Until the guest must have answered. Default 30 000. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/**
 * Host side: resolves with the session's byte stream once the guest has acknowledged it. The channel belongs to the
 * link from then on: it is destroyed with the stream.
 *
 * @throws Error when the channel ends, the time is up or the signal fires; the channel is destroyed then.
 */
export function openLink(channel: Duplex, options: OpenLinkOptions = {}): Promise<Duplex> {
  const { greetEveryMs = 250, timeoutMs = 30_000, signal } = options;
  const link = createHostLink();
  return new Promise((resolve, reject) => {
    let stream: LinkStream | undefined;
    const greet = (): void => {
      for (const effect of link.greet()) if (effect.type === "send") channel.write(effect.bytes);
    };
    const greeting = setInterval(greet, greetEveryMs);
    const deadline = setTimeout(() => fail(new Error(`the guest did not answer the greeting within ${timeoutMs} ms`)), timeoutMs);
    const settle = (): void => {
      clearInterval(greeting);
      clearTimeout(deadline);
      signal?.removeEventListener("abort", onAbort);
    };
    const fail = (error: Error): void => {
      settle();
      if (stream) stream.destroy(error);
      else {
        channel.destroy();
        reject(error);
      }
    };
    const onAbort = (): void => fail(signal?.reason instanceof Error ? signal.reason : new Error("cancelled"));
    channel.on("data", (chunk: Buffer) => {
      for (const effect of link.receive(chunk)) {
        if (effect.type === "opened") {
          settle();
          stream = new LinkStream(channel, link, effect.sid, () => hangUp(channel));
          resolve(stream);
        } else if (effect.type === "data") stream?.deliver(effect.payload);
        else if (effect.type === "closed") stream?.ended();
      }
    });
    channel.on("error", fail);
    channel.on("close", () => {
      // An error event, if there was one, came first and has been the reason.
      if (stream) stream.ended();
      else fail(new Error("the channel closed before the guest answered"));
    });
    if (signal?.aborted) onAbort();
    else {
      signal?.addEventListener("abort", onAbort, { once: true });
      greet();
    }
  });
}

/** Lets the last frame out, but does not wait for a guest that reads no more. */
function hangUp(channel: Duplex): void {
  const timer = setTimeout(() => channel.destroy(), 500);
  channel.once("close", () => clearTimeout(timer));
  channel.end(() => channel.destroy());
}

/**
 * Guest side: calls `onSession` with the byte stream of every session the host opens, after the one before was
 * destroyed. The channel stays open for the next.
 */
export function acceptLinks(channel: Duplex, onSession: (stream: Duplex) => void): void {
  const link = createGuestLink();
  let current: LinkStream | undefined;
  const drop = (): void => {
    current?.destroy();
    current = undefined;
  };
  channel.on("data", (chunk: Buffer) => {
    for (const effect of link.receive(chunk)) {
      switch (effect.type) {
        case "send":
          channel.write(effect.bytes);
          break;
        case "opened":
          drop();
          channel.resume();
          current = new LinkStream(channel, link, effect.sid, () => {});
          onSession(current);
          break;
        case "data":
          current?.deliver(effect.payload);
          break;
        case "closed":
          current?.ended();
          current = undefined;
          break;
      }
    }
  });
  channel.on("close", drop);
}

/** The byte stream of one session. Writing waits for the channel; a reader that lags pauses the channel. */
class LinkStream extends Duplex {
  readonly #channel: Duplex;
  readonly #link: LinkMachine;
  readonly #sid: string;
  readonly #release: () => void;

  constructor(channel: Duplex, link: LinkMachine, sid: string, release: () => void) {
    super({ allowHalfOpen: false });
    this.#channel = channel;
    this.#link = link;
    this.#sid = sid;
    this.#release = release;
  }

  deliver(payload: Buffer): void {
    if (!this.destroyed && !this.readableEnded && !this.push(payload)) this.#channel.pause();
  }

  /** The other side is gone: readers see the end, then the stream closes. */
  ended(): void {
    if (this.destroyed) return;
    this.push(null);
    this.once("end", () => this.destroy());
    this.resume();
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#send([chunk], callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#send(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  #send(chunks: Buffer[], callback: (error?: Error | null) => void): void {
    const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
    const frames = this.#link.data(this.#sid, bytes);
    if (frames.length === 0) {
      callback(bytes.length === 0 ? null : new Error("the session is over"));
      return;
    }
    if (this.#channel.write(frames.length === 1 ? frames[0] : Buffer.concat(frames))) callback();
    else this.#whenDrained(callback);
  }

  #whenDrained(callback: (error?: Error | null) => void): void {
    const done = (): void => {
      this.#channel.off("drain", done);
      this.#channel.off("close", done);
      callback();
    };
    this.#channel.on("drain", done);
    this.#channel.on("close", done);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#sendClose();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#sendClose();
    this.#channel.resume();
    this.#release();
    callback(error);
  }

  #sendClose(): void {
    for (const effect of this.#link.close(this.#sid)) {
      if (effect.type === "send" && this.#channel.writable) this.#channel.write(effect.bytes);
    }
  }
}
