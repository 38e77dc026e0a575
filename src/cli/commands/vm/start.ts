import { SpectestError } from "../../../errors/index.ts";
import type { Handler } from "../../context.ts";
import { progressLines } from "../progress.ts";
import type { VmEngine } from "./engine.ts";
import { given, hold } from "./holder.ts";

export const run: Handler = (input, context) => {
  const name = input.text("name");
  const memoryMib = input.integer("memory");
  const cpus = input.integer("cpus");
  return hold(input, context, {
    words: ["start", ...given(input, "name", "memory", "cpus")],
    check: async (engine) => void (await newestImage(engine)),
    bringUp: async (engine) =>
      engine.boot(await newestImage(engine), {
        signal: context.interrupts.signal,
        onProgress: progressLines(context),
        ...(name === undefined ? {} : { name }),
        ...(memoryMib === undefined ? {} : { memoryMib }),
        ...(cpus === undefined ? {} : { cpus }),
      }),
  });
};

async function newestImage(engine: VmEngine) {
  const image = await engine.images.find();
  if (image) return image;
  throw new SpectestError("IMAGE_NOT_FOUND", { what: "there is no guest image yet", hint: "spectest image build" });
}
