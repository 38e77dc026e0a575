import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { SpectestError } from "../../../errors/index.ts";
import type { CommandContext } from "../../context.ts";
import type { Io } from "../../io.ts";
import type { RemoteVm } from "./engine.ts";

/** Ctrl-]: leaves the shell, which goes on. */
const ESCAPE = 0x1d;
/** Ends a half-typed line and asks for a new prompt. */
const FRESH_LINE = "\u0015\r";
const SILENCE_MS = 5_000;
const CONSOLE = "/dev/hvc0";
/** What a program left running may have switched on: mouse, bracketed paste, other screen, hidden cursor, colours. */
const TERMINAL_RESET = "\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1006l\u001b[?2004l\u001b[?1047l\u001b[?25h\u001b[0m";

/** Joins this terminal to the machine's root shell until Ctrl-], a request to end, or the machine's end. */
export async function connectConsole(context: CommandContext, vm: RemoteVm, path: string): Promise<number> {
  const { io, interrupts } = context;
  const socket = await connected(path);
  io.say(`root shell of machine ${vm.id}; Ctrl-] leaves it (it goes on, as do programs started in it)`);
  let leave = (): void => undefined;
  const left = new Promise<"left">((resolve) => {
    leave = () => resolve("left");
  });
  if (interrupts.signal.aborted) leave();
  interrupts.signal.addEventListener("abort", leave, { once: true });
  const release = joinTerminal(io, vm, socket, leave);
  const unregister = interrupts.beforeForce(release);
  process.once("exit", release);
  try {
    void warnWhenSilent(io, socket);
    await Promise.race([resize(io, vm), left]);
    socket.write(FRESH_LINE);
    const end = await Promise.race([left, ended(socket).then(() => "ended" as const)]);
    release();
    io.say(end === "left" ? `\nleft machine ${vm.id}` : `\nthe connection to machine ${vm.id} ended`);
    return interrupts.exitCode ?? 0;
  } finally {
    process.off("exit", release);
    unregister();
    release();
    socket.destroy();
  }
}

/** Raw keys go in, raw output comes out; the returned function gives the terminal back, once. */
function joinTerminal(io: Io, vm: RemoteVm, socket: Socket, leave: () => void): () => void {
  const { stdin, stdout } = io;
  const onKeys = (keys: Buffer): void => {
    const escape = keys.indexOf(ESCAPE);
    if (escape !== 0) socket.write(escape < 0 ? keys : keys.subarray(0, escape));
    if (escape >= 0) leave();
  };
  const onResize = (): void => void resize(io, vm);
  stdin.setRawMode(true);
  stdin.on("data", onKeys);
  stdin.resume();
  stdout.on("resize", onResize);
  socket.on("data", (bytes: Buffer) => io.out(bytes));
  let released = false;
  return () => {
    if (released) return;
    released = true;
    stdin.setRawMode(false);
    stdin.off("data", onKeys);
    stdin.pause();
    stdout.off("resize", onResize);
    io.out(TERMINAL_RESET);
  };
}

/** Told to the terminal's driver in the guest: typed into the shell it would reach whatever runs there. */
async function resize({ stdout: { columns, rows } }: Io, vm: RemoteVm): Promise<void> {
  await vm.exec(["stty", "-F", CONSOLE, "cols", String(columns), "rows", String(rows)], { timeoutMs: 10_000 }).catch(() => undefined);
}

/** The console has one client at a time; another one's connection is not refused, it waits. */
async function warnWhenSilent(io: Io, socket: Socket): Promise<void> {
  const heard = new AbortController();
  socket.once("data", () => heard.abort());
  socket.once("close", () => heard.abort());
  const silent = await sleep(SILENCE_MS, true, { signal: heard.signal }).catch(() => false);
  if (silent) io.out("\r\nno answer yet: the guest is busy, or another `vm shell` is open\r\n");
}

function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      socket.on("error", () => undefined);
      resolve(socket);
    });
    socket.once("error", (cause) => reject(new SpectestError("VM_STATE", { what: "the machine's console cannot be reached", cause })));
  });
}
