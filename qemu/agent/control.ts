import type { Socket } from "node:net";
import { Duplex } from "node:stream";

/**
 * The byte channel to the daemon's port, as its holder sees it. It outlives a move of the machine to another QEMU
 * process: bytes are held back before the guest stops and flow again through the new process's socket.
 */
export class ControlChannel extends Duplex {
  /** Where bytes go to, and where they come from: two sockets only while the machine moves. */
  #socket: Socket;
  #source: Socket;
  #held = false;
  #waiting: (() => void) | undefined;

  constructor(socket: Socket) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#source = socket;
    this.#attach(socket);
  }

  /** From now on nothing more is sent to the guest. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    const send = this.#waiting;
    this.#waiting = undefined;
    send?.();
  }

  /** Continues over another socket, once everything the old one still brings has been taken. */
  async rebind(socket: Socket): Promise<void> {
    const old = this.#socket;
    this.#socket = socket;
    if (!old.closed) await new Promise<void>((resolve) => old.once("close", () => resolve()));
    this.#source = socket;
    this.#attach(socket);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    const send = (): void => void this.#socket.write(chunk, callback);
    if (this.#held) this.#waiting = send;
    else send();
  }

  override _read(): void {
    this.#source.resume();
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#socket.end(() => callback());
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#socket.destroy();
    callback(error);
  }

  #attach(socket: Socket): void {
    socket.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) socket.pause();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      if (socket !== this.#socket) return;
      this.push(null);
      if (this.readableLength === 0) this.destroy();
    });
  }
}
