/**
 * CRC-64 by ISO 3309, the check sum of tar-split files. The reflected polynomial 0xD800000000000000 has bits in its upper
 * half only and so have all table entries: the lower half of the register needs no table.
 */
export class Crc64 {
  #high = 0xffffffff;
  #low = 0xffffffff;

  update(bytes: Uint8Array): void {
    let high = this.#high;
    let low = this.#low;
    for (let i = 0; i < bytes.length; i++) {
      const entry = TABLE[(low ^ (bytes[i] ?? 0)) & 0xff] ?? 0;
      low = (low >>> 8) | (high << 24);
      high = (high >>> 8) ^ entry;
    }
    this.#high = high;
    this.#low = low;
  }

  /** Eight bytes, big endian. */
  digest(): Buffer {
    const sum = Buffer.alloc(8);
    sum.writeUInt32BE(~this.#high >>> 0, 0);
    sum.writeUInt32BE(~this.#low >>> 0, 4);
    return sum;
  }
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let high = 0;
  let low = byte;
  for (let bit = 0; bit < 8; bit++) {
    const carry = low & 1;
    low = (low >>> 1) | (high << 31);
    high = (high >>> 1) ^ (carry ? 0xd8000000 : 0);
  }
  return high >>> 0;
});
