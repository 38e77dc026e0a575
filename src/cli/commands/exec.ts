import { text as readText } from "node:stream/consumers";
import type { Handler } from "../context.ts";
import { withEnvironment } from "./environment.ts";

export const run: Handler = (input, context) =>
  withEnvironment(context, async (client) => {
    const service = input.requiredArg("service");
    const stdin = input.flag("stdin") ? await readText(context.io.stdin) : undefined;
    const output: Record<"stdout" | "stderr", Buffer[]> = { stdout: [], stderr: [] };
    let exitCode = 0;
    const options = { signal: context.interrupts.signal, ...(stdin === undefined ? {} : { stdin }) };
    for await (const line of client.exec(service, input.args("command"), options)) {
      if (line.type === "exit") exitCode = line.exitCode;
      else {
        const bytes = Buffer.from(line.dataBase64, "base64");
        // The command's own bytes, as with any remote shell: sanitising would break binary output.
        if (context.json) output[line.stream].push(bytes);
        else if (line.stream === "stdout") context.io.out(bytes);
        else context.io.stderr.write(bytes);
      }
    }
    if (context.json) {
      const [stdout, stderr] = [output.stdout, output.stderr].map((parts) => Buffer.concat(parts).toString("utf8"));
      context.io.json({ schemaVersion: 1, exitCode, stdout, stderr });
    }
    return exitCode;
  });
