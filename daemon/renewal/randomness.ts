/**
 * Randomness of this process after a fork. Forked machines start with the same memory, so every generator inside a
 * process would give siblings the same numbers.
 *
 * What is renewed: `Math.random`; of node:crypto `randomBytes`, `randomFill`, `randomFillSync`, `randomInt`,
 * `randomUUID`; of Web Crypto `getRandomValues` and `randomUUID`, also as named imports of ES modules.
 * What is not: randomness that OpenSSL draws for itself (key pairs, TLS handshakes, `subtle.generateKey`) until it
 * reseeds on its own, and generators of the author's own making.
 */
import crypto, { createCipheriv, createHash } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

type Fill = (bytes: Uint8Array) => void;

/** Replaces the generators once; `reseed` gives them new entropy. */
export class Randomness {
  #keystream: Fill | undefined;
  #installed = false;

  reseed(entropyHex: string): void {
    this.#keystream = keystream(entropyHex);
    if (this.#installed) return;
    this.#installed = true;
    install((bytes) => this.#keystream?.(bytes));
  }
}

/** XORs an AES-CTR stream keyed by the entropy onto bytes. */
function keystream(entropyHex: string): Fill {
  const digest = createHash("sha512").update(entropyHex).digest();
  const cipher = createCipheriv("aes-256-ctr", digest.subarray(0, 32), digest.subarray(32, 48));
  return (bytes) => bytes.set(cipher.update(bytes));
}

function install(mix: Fill): void {
  const original = { randomFillSync: crypto.randomFillSync, getRandomValues: crypto.webcrypto.getRandomValues.bind(crypto.webcrypto) };
  const fill = <T extends NodeJS.ArrayBufferView | ArrayBuffer>(target: T, offset = 0, size?: number): T => {
    original.randomFillSync(target as Uint8Array, offset, ...(size === undefined ? [] : ([size] as [number])));
    // Both are counted in elements, as in Node.
    const element = "BYTES_PER_ELEMENT" in target ? Number(target.BYTES_PER_ELEMENT) : 1;
    const [buffer, start] = ArrayBuffer.isView(target) ? [target.buffer, target.byteOffset] : [target, 0];
    const length = size === undefined ? target.byteLength - offset * element : size * element;
    mix(new Uint8Array(buffer, start + offset * element, length));
    return target;
  };
  const bytes = (size: number): Buffer => fill(Buffer.alloc(size));
  const uuid = (): `${string}-${string}-${string}-${string}-${string}` => uuidOf(bytes(16));
  const integer = (min: number, max: number): number => {
    if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || max <= min || max - min >= 2 ** 48) {
      throw new RangeError(`randomInt needs safe integers with min < max and max - min < 2**48, not ${min} and ${max}`);
    }
    const range = max - min;
    const limit = 2 ** 48 - (2 ** 48 % range);
    for (;;) {
      const drawn = bytes(6).readUIntBE(0, 6);
      if (drawn < limit) return min + (drawn % range);
    }
  };
  const later = <T>(make: () => T, callback: (error: Error | null, value?: T) => void): void => {
    const value = make();
    process.nextTick(callback, null, value);
  };

  Math.random = () => {
    const drawn = bytes(7);
    return (drawn.readUIntBE(0, 6) * 32 + ((drawn[6] ?? 0) >> 3)) / 2 ** 53;
  };
  Object.assign(crypto, {
    randomBytes: (size: number, callback?: (error: Error | null, value?: Buffer) => void) =>
      callback ? later(() => bytes(size), callback) : bytes(size),
    pseudoRandomBytes: bytes,
    randomFillSync: fill,
    randomFill: (target: NodeJS.ArrayBufferView, ...rest: unknown[]) => {
      const callback = rest.pop() as (error: Error | null, value?: NodeJS.ArrayBufferView) => void;
      later(() => fill(target, ...(rest as [number?, number?])), callback);
    },
    randomInt: (...args: unknown[]) => {
      const callback = typeof args.at(-1) === "function" ? (args.pop() as (error: Error | null, value?: number) => void) : undefined;
      const [first, second] = args as [number, number?];
      const draw = (): number => (second === undefined ? integer(0, first) : integer(first, second));
      return callback ? later(draw, callback) : draw();
    },
    randomUUID: uuid,
  });
  const getRandomValues = (target: NodeJS.ArrayBufferView): NodeJS.ArrayBufferView => {
    original.getRandomValues(target as Uint8Array<ArrayBuffer>);
    mix(new Uint8Array(target.buffer, target.byteOffset, target.byteLength));
    return target;
  };
  // crypto.getRandomValues is a getter that reads this one.
  Object.defineProperties(crypto.webcrypto, {
    getRandomValues: { value: getRandomValues, configurable: true, writable: true },
    randomUUID: { value: uuid, configurable: true, writable: true },
  });
  syncBuiltinESMExports();
}

function uuidOf(random: Buffer): `${string}-${string}-${string}-${string}-${string}` {
  random[6] = ((random[6] ?? 0) & 0x0f) | 0x40;
  random[8] = ((random[8] ?? 0) & 0x3f) | 0x80;
  const hex = random.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
