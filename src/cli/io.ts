import { setImmediate } from "node:timers/promises";

/** Standard streams: data goes to stdout, messages to stderr. A reader that left ends the program quietly. */

export interface Io {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  /** Data, as it is. */
  out: (text: string | Uint8Array) => void;
  /** A message; a newline is added. */
  say: (text: string) => void;
  /** Keeps messages back while a full screen owns the terminal; the returned function lets them out. */
  hold(): () => void;
  /** One JSON document and a newline. */
  json(value: unknown): void;
  /** Resolves when everything written so far was taken by the system. */
  flush(): Promise<void>;
}

/** @param onGone the reader of stdout or stderr is gone; called once */
export function createIo(process: NodeJS.Process, onGone: () => void): Io {
  const { stdin, stdout, stderr } = process;
  let gone = false;
  let held: string[] | undefined;
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
    if (gone) return;
    gone = true;
    onGone();
  };
  stdout.on("error", onError);
  stderr.on("error", onError);
  const write = (stream: NodeJS.WriteStream, text: string | Uint8Array): void => {
    if (!gone) stream.write(text);
  };
  return {
    stdin,
    stdout,
    stderr,
    out: (text) => write(stdout, text),
    say(text) {
      if (held) held.push(text);
      else write(stderr, `${text}\n`);
    },
    hold() {
      held ??= [];
      return () => {
        const messages = held ?? [];
        held = undefined;
        for (const message of messages) write(stderr, `${message}\n`);
      };
    },
    json: (value) => write(stdout, `${JSON.stringify(value, undefined, 2)}\n`),
    async flush() {
      if (!gone) await Promise.all([drained(stdout), drained(stderr)]);
      await setImmediate();
    },
  };
}

function drained(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => stream.write("", () => resolve()));
}
