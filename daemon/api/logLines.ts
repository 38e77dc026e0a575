/** Text lines out of output that comes in any pieces, kept apart by stream. */
import { StringDecoder } from "node:string_decoder";
import type { LogLine } from "../../src/protocol/index.ts";
import type { Output } from "../docker/types.ts";

export async function* toLogLines(output: AsyncIterable<Output>): AsyncGenerator<LogLine, void, undefined> {
  const held = { stdout: { decoder: new StringDecoder("utf8"), text: "" }, stderr: { decoder: new StringDecoder("utf8"), text: "" } };
  for await (const { stream, data } of output) {
    const state = held[stream];
    const lines = (state.text + state.decoder.write(data)).split("\n");
    state.text = lines.pop() ?? "";
    for (const text of lines) yield { stream, text };
  }
  for (const stream of ["stdout", "stderr"] as const) if (held[stream].text !== "") yield { stream, text: held[stream].text };
}
