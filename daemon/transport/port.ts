/**
 * The guest's end of the control channel: a virtio-serial port, opened as a character device.
 *
 * It is no socket. A blocking read sits in one thread of libuv's pool; it returns 0 while no host is connected,
 * and a write blocks then. The port is opened once and kept: closing it would lose what the host sends meanwhile.
 */
import { close, constants, open, read, write } from "node:fs";
import { Duplex } from "node:stream";

const READ_BYTES = 64 * 1024;
/** Between two reads while no host is connected. */
const IDLE_MS = 20;

class PortStream extends Duplex {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  #reading = false;

  constructor(fd: number) {
    super({ allowHalfOpen: true, readableHighWaterMark: 256 * 1024, writableHighWaterMark: 256 * 1024 });
    this.#fd = fd;
  }

  override _read(): void {
    if (this.#reading || this.destroyed) return;
    this.#reading = true;
    read(this.#fd, this.#buffer, 0, READ_BYTES, null, (error, count) => {
      this.#reading = false;
      if (this.destroyed) return;
      if (error) this.destroy(error);
      else if (count === 0) setTimeout(() => this._read(), IDLE_MS);
      else this.push(Buffer.from(this.#buffer.subarray(0, count)));
    });
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#writeFrom(chunk, 0, callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#writeFrom(Buffer.concat(chunks.map(({ chunk }) => chunk)), 0, callback);
  }

  #writeFrom(bytes: Buffer, at: number, callback: (error?: Error | null) => void): void {
    write(this.#fd, bytes, at, bytes.length - at, null, (error, count) => {
      if (error && (error.code === "EAGAIN" || error.code === "EINTR")) setTimeout(() => this.#writeFrom(bytes, at, callback), IDLE_MS);
      else if (error) callback(error);
      else if (at + count < bytes.length) this.#writeFrom(bytes, at + count, callback);
      else callback();
    });
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    close(this.#fd, () => callback(error));
  }
}

/** @throws the system's error (ENOENT, EBUSY when another process has the port) */
export function openPort(path: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    open(path, constants.O_RDWR, (error, fd) => {
      if (error) reject(error);
      else resolve(new PortStream(fd));
    });
  });
}
