import { once } from "node:events";
import http2 from "node:http2";
import { Duplex, duplexPair } from "node:stream";
import { expect, test } from "vitest";
import { createFrameParser, cutPayload, encodeFrame, MAGIC, MAX_PAYLOAD_BYTES } from "../../../src/protocol/frames.ts";
import { acceptLinks, createGuestLink, createHostLink, type LinkEffect, openLink } from "../../../src/protocol/link.ts";

/** mulberry32: the same numbers for the same seed, so that a failure can be repeated. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const sidOf = (n: number): string => n.toString(16).padStart(32, "0");
const magic = Buffer.from(MAGIC);

function bytesOf(random: (below: number) => number, length: number): Buffer {
  const bytes = Buffer.from(Array.from({ length }, () => random(256)));
  // Now and then the magic itself, whole or torn: users may send anything.
  if (length > 40 && random(3) === 0) magic.copy(bytes, random(length - 20), 0, 1 + random(16));
  return bytes;
}

function split(random: (below: number) => number, bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random(random(4) === 0 ? 5000 : 40);
    parts.push(bytes.subarray(at, at + size));
    at += size;
  }
  return parts;
}

const sent = (effects: LinkEffect[]): Buffer => Buffer.concat(effects.flatMap((effect) => (effect.type === "send" ? [effect.bytes] : [])));
const received = (effects: LinkEffect[], sid: string): Buffer =>
  Buffer.concat(effects.flatMap((effect) => (effect.type === "data" && effect.sid === sid ? [effect.payload] : [])));

test("the magic has no border and no zero, so that it marks a frame's start and nothing else", () => {
  expect(MAGIC).toHaveLength(16);
  expect(magic.includes(0)).toBe(false);
  for (let length = 1; length < 16; length++) expect(magic.subarray(0, length).equals(magic.subarray(16 - length))).toBe(false);
});

test("frames come out as they went in, for any content and any split", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomOf(seed);
    const content = bytesOf(random, random(60_000));
    const wire = Buffer.concat(cutPayload(content).map((piece) => encodeFrame("data", sidOf(7), piece)));
    const parser = createFrameParser();
    const frames = split(random, wire).flatMap((part) => parser.push(part));
    expect(Buffer.concat(frames.map((frame) => frame.payload)).equals(content), `seed ${seed}`).toBe(true);
    expect(parser.skippedBytes).toBe(0);
  }
});

test("a payload with the magic inside is cut there", () => {
  const pieces = cutPayload(Buffer.concat([Buffer.from("ab"), magic, magic, Buffer.from("cd")]));
  expect(pieces.every((piece) => !piece.includes(magic))).toBe(true);
  expect(Buffer.concat(pieces)).toHaveLength(36);
});

test("an absurd length and an unknown type are refused, and the next frame is found", () => {
  const tooLong = encodeFrame("data", sidOf(1), Buffer.from("x"));
  tooLong.writeUInt32BE(MAX_PAYLOAD_BYTES + 1, 33);
  const unknown = encodeFrame("data", sidOf(1), Buffer.from("x"));
  unknown.writeUInt8(99, 32);
  const parser = createFrameParser();
  const frames = parser.push(Buffer.concat([tooLong, unknown, encodeFrame("hello", sidOf(2))]));
  expect(frames.map((frame) => [frame.type, frame.sid])).toEqual([["hello", sidOf(2)]]);
  expect(() => encodeFrame("data", sidOf(1), Buffer.alloc(MAX_PAYLOAD_BYTES + 1))).toThrow(RangeError);
});

test("a new session works after torn frames and garbage in both directions", () => {
  for (let seed = 1; seed <= 80; seed++) {
    const random = randomOf(seed);
    const guest = createGuestLink();
    const before = createHostLink(sidOf(1));
    before.receive(sent(guest.receive(sent(before.greet()))));
    // The snapshot was taken while each side was in the middle of a frame.
    const halfIn = Buffer.concat(before.data(sidOf(1), bytesOf(random, 20_000)));
    guest.receive(halfIn.subarray(0, random(halfIn.length)));
    const halfOut = Buffer.concat(guest.data(sidOf(1), bytesOf(random, 20_000)));
    const noise = Buffer.concat([halfOut.subarray(random(halfOut.length)), bytesOf(random, random(200))]);

    const host = createHostLink(sidOf(2));
    const toGuest = Buffer.concat([bytesOf(random, random(100)), sent(host.greet()), sent(host.greet())]);
    const opened = split(random, toGuest).flatMap((part) => guest.receive(part));
    expect(opened.filter((effect) => effect.type === "opened").map((effect) => effect.sid)).toEqual([sidOf(2)]);
    const late = Buffer.concat(guest.data(sidOf(1), Buffer.from("of the old session")));
    expect(late).toHaveLength(0);

    const up = bytesOf(random, random(40_000));
    const down = bytesOf(random, random(40_000));
    const toHost = Buffer.concat([noise, sent(opened), ...guest.data(sidOf(2), down)]);
    const atHost = split(random, toHost).flatMap((part) => host.receive(part));
    expect(received(atHost, sidOf(2)).equals(down), `seed ${seed}, down`).toBe(true);
    const atGuest = split(random, Buffer.concat(host.data(sidOf(2), up))).flatMap((part) => guest.receive(part));
    expect(received(atGuest, sidOf(2)).equals(up), `seed ${seed}, up`).toBe(true);
  }
});

test("a greeting swallowed by a torn frame is made good by its repetition", () => {
  const guest = createGuestLink();
  const torn = encodeFrame("data", sidOf(1), Buffer.alloc(MAX_PAYLOAD_BYTES, 1)).subarray(0, 40);
  guest.receive(torn);
  const host = createHostLink(sidOf(2));
  // Half a greeting is lost, as if the old machine had read it.
  const effects = guest.receive(Buffer.concat([sent(host.greet()).subarray(10), sent(host.greet())]));
  expect(effects.map((effect) => effect.type)).toEqual(["send", "opened"]);
});

test("greetings stop after the answer; repeated ones are answered and do not reset; a closed session stays closed", () => {
  const guest = createGuestLink();
  const host = createHostLink(sidOf(3));
  const hello = sent(host.greet());
  host.receive(sent(guest.receive(hello)));
  expect(host.greet()).toEqual([]);
  expect(guest.receive(hello).map((effect) => effect.type)).toEqual(["send"]);
  expect(guest.receive(sent(host.close(sidOf(3)))).map((effect) => effect.type)).toEqual(["closed"]);
  expect(guest.receive(hello)).toEqual([]);
  expect(guest.data(sidOf(3), Buffer.from("x"))).toEqual([]);
});

/** A channel whose host end can be replaced, as by a fork, with whatever was under way lost. */
function channelWithReconnect(): { guest: Duplex; connect(): Duplex } {
  let host: Duplex | undefined;
  const guest = new Duplex({
    read: () => {},
    write: (chunk, _encoding, callback) => {
      host?.push(chunk);
      callback();
    },
  });
  return {
    guest,
    connect: () => {
      host = new Duplex({
        read: () => {},
        write: (chunk, _encoding, callback) => {
          guest.push(chunk);
          callback();
        },
      });
      return host;
    },
  };
}

async function ask(session: http2.ClientHttp2Session, path: string): Promise<string> {
  const request = session.request({ ":path": path });
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

test("HTTP/2 answers over the link, and again after a reconnect that tears a frame", async () => {
  const server = http2.createServer((request, response) => void response.end(`${request.url} ${"x".repeat(100_000)}`));
  const channel = channelWithReconnect();
  const sessions: Duplex[] = [];
  acceptLinks(channel.guest, (stream) => {
    sessions.push(stream);
    server.emit("connection", stream);
  });
  const first = await openLink(channel.connect());
  const client = http2.connect("http://guest", { createConnection: () => first });
  expect((await ask(client, "/one")).length).toBe(100_005);
  channel.guest.push(encodeFrame("data", sidOf(9), Buffer.alloc(500)).subarray(0, 300));

  const second = await openLink(channel.connect(), { greetEveryMs: 10 });
  const again = http2.connect("http://guest", { createConnection: () => second });
  expect((await ask(again, "/two")).startsWith("/two x")).toBe(true);
  expect(sessions).toHaveLength(2);
  expect(sessions[0]?.destroyed).toBe(true);
  again.close();
  client.destroy();
  server.close();
});

test("a slow reader stops the writer", async () => {
  const [hostEnd, guestEnd] = duplexPair();
  let guestStream: Duplex | undefined;
  acceptLinks(guestEnd, (stream) => {
    guestStream = stream;
  });
  const stream = await openLink(hostEnd);
  for (let sentBytes = 0; sentBytes < 2_000_000; sentBytes += 8192) stream.write(Buffer.alloc(8192));
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(stream.writableLength).toBeGreaterThan(1_500_000);
  guestStream?.resume();
  await once(stream, "drain");
  stream.destroy();
});

test("the guest's end of a session that the host closes politely ends too; a dead channel fails the greeting", async () => {
  const [hostEnd, guestEnd] = duplexPair();
  const opened = new Promise<Duplex>((resolve) => acceptLinks(guestEnd, resolve));
  const stream = await openLink(hostEnd);
  const guestStream = await opened;
  const closed = once(guestStream, "close");
  stream.destroy();
  await closed;

  const [dead] = duplexPair();
  const failed = openLink(dead, { timeoutMs: 30, greetEveryMs: 5 });
  await expect(failed).rejects.toThrow("did not answer the greeting within 30 ms");
  expect(dead.destroyed).toBe(true);
});
