/** Processes in containers, through the Docker API. */
import type { Duplex } from "node:stream";
import type Dockerode from "dockerode";
import { SpectestError } from "../../src/errors/index.ts";
import { demux, undivided } from "./demux.ts";
import type { ExecOptions, RunningExec } from "./types.ts";

/** Docker reports the end of a process a moment after the end of its output. */
const EXIT_POLLS_MS = [0, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];

export async function startExec(docker: Dockerode, container: string, options: ExecOptions): Promise<RunningExec> {
  const { argv, env, workdir, tty, stdin = false } = options;
  const exec = await docker.getContainer(container).exec({
    Cmd: argv,
    AttachStdin: stdin,
    AttachStdout: true,
    AttachStderr: true,
    Tty: tty !== undefined,
    ...(env === undefined ? {} : { Env: Object.entries(env).map(([key, value]) => `${key}=${value}`) }),
    ...(workdir === undefined ? {} : { WorkingDir: workdir }),
    ...(tty === undefined ? {} : { ConsoleSize: [tty.rows, tty.cols] }),
  });
  const stream: Duplex = await exec.start({ hijack: true, stdin, Tty: tty !== undefined, Detach: false });
  let killed = false;
  return {
    output: tty === undefined ? demux(stream) : undivided(stream),
    write: (data) => {
      if (stream.writable) stream.write(data);
    },
    endInput: () => {
      stream.end();
    },
    resize: async (cols, rows) => {
      await exec.resize({ w: cols, h: rows });
    },
    exitCode: async () => {
      for (const delayMs of EXIT_POLLS_MS) {
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        const state = await exec.inspect();
        if (!state.Running && typeof state.ExitCode === "number") return state.ExitCode;
      }
      if (killed) return 137;
      throw new SpectestError("SERVICE_FAILED", { what: `${argv.join(" ")}: its output ended but Docker does not report its exit code` });
    },
    kill: async () => {
      killed = true;
      const state = await exec.inspect();
      // Docker has no call for this; the id is the process's own in this machine, where the daemon is root.
      if (state.Running && state.Pid > 1) {
        try {
          process.kill(state.Pid, "SIGKILL");
        } catch {
          // Ended in between.
        }
      }
      stream.destroy();
    },
  };
}
