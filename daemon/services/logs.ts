/** Service logs for a failed test. */
import { messageOf } from "../../src/errors/index.ts";
import type { ServiceLog } from "../../src/protocol/index.ts";
import type { Docker } from "../docker/types.ts";

const TAIL_LINES = 500;
const STREAM_BYTES = 256 * 1024;

/** The newest lines of each service; one that cannot be read does not hide the others. */
export function collectLogs(docker: Docker, services: readonly string[]): Promise<ServiceLog[]> {
  return Promise.all(
    services.map(async (service) => {
      try {
        const { stdout, stderr } = await docker.log(service, TAIL_LINES);
        const out = newest(stdout);
        const err = newest(stderr);
        return { service, stdout: out.text, stderr: err.text, truncated: out.cut || err.cut };
      } catch (error) {
        return { service, stdout: "", stderr: "", truncated: false, error: messageOf(error) };
      }
    }),
  );
}

/** At most 256 KiB, from a line's start. */
export function newest(text: string, limitBytes = STREAM_BYTES): { text: string; cut: boolean } {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length <= limitBytes) return { text, cut: false };
  const tail = bytes.subarray(bytes.length - limitBytes);
  const newline = tail.indexOf(10);
  return { text: tail.subarray(newline < 0 ? 0 : newline + 1).toString("utf8"), cut: true };
}
