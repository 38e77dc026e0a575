import { LIMITS } from "./text.ts";
import type { Recorder } from "./recorder.ts";

/** Shows the output of a process without a terminal as one of 80×24: a prompt line, then what it wrote, as it wrote it. */
export class ExecSession {
  readonly id: string;
  readonly #write: (data: string, atSeconds: number) => void;
  #bytes = 0;
  #full = false;

  constructor(recorder: Recorder, service: string, command: string) {
    const { id, write } = recorder.openTerminal(`${service}: ${command}`, 80, 24);
    this.id = id;
    this.#write = write;
    write(`\u001b[2m${service}$\u001b[0m ${command.replaceAll(/\r?\n/g, "\r\n")}\r\n`, 0);
  }

  output(text: string, atMs: number): void {
    if (this.#full || text === "") return;
    this.#bytes += Buffer.byteLength(text);
    if (this.#bytes <= LIMITS.terminalBytes) {
      this.#write(text.replaceAll(/\r?\n/g, "\r\n"), atMs / 1000);
      return;
    }
    this.#full = true;
    this.#write("\r\n\u001b[2m[the recording stops here: more than 1 MiB of output]\u001b[0m\r\n", atMs / 1000);
  }
}
