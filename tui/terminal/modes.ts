/** Modes of the real terminal: taken once, given back once, on every way out. */
import { writeSync } from "node:fs";

/** Attributes off, cursor shown, alternate screen left. */
const RESTORE = "\u001b[0m\u001b[?25h\u001b[?1049l";

export interface TerminalModes {
  /** Gives everything back at once, without the event loop. Idempotent. */
  restore: () => void;
  /** Ink has left the alternate screen itself: only the keyboard is given back. */
  release: () => void;
}

/**
 * Sets the keyboard to raw. The alternate screen is entered by Ink; leaving it is both Ink's business (in order) and ours
 * (when the process ends in any other way).
 */
export function takeTerminal(
  stdin: NodeJS.ReadStream,
  stdout: NodeJS.WriteStream,
  host: Pick<NodeJS.Process, "on" | "off"> = process,
): TerminalModes {
  let taken = true;
  stdin.setRawMode(true);
  stdin.resume();
  const release = (): void => {
    if (!taken) return;
    taken = false;
    host.off("exit", restore);
    if (!stdin.destroyed) stdin.setRawMode(false);
    stdin.pause();
  };
  const restore = (): void => {
    if (!taken) return;
    try {
      writeSync(terminalFd(stdout), RESTORE);
    } catch {
      // The terminal is gone: nothing to give back.
    }
    release();
  };
  host.on("exit", restore);
  return { restore, release };
}

function terminalFd(stdout: NodeJS.WriteStream): number {
  return "fd" in stdout && typeof stdout.fd === "number" ? stdout.fd : 1;
}
