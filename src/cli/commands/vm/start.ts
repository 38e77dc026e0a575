import { SpectestError } from "../../../errors/index.ts";
import type { Handler } from "../../context.ts";
import { withEngine } from "./engine.ts";
import { keepRunning } from "./keep.ts";
import { progressLines } from "../progress.ts";

export const run: Handler = (input, context) =>
  withEngine(context, async (engine) => {
    const image = await engine.images.find();
    if (!image) throw new SpectestError("IMAGE_NOT_FOUND", { what: "there is no guest image yet", hint: "spectest image build" });
    const name = input.text("name");
    const memoryMib = input.integer("memory");
    const cpus = input.integer("cpus");
    const vm = await engine.boot(image, {
      signal: context.interrupts.signal,
      onProgress: progressLines(context),
      ...(name === undefined ? {} : { name }),
      ...(memoryMib === undefined ? {} : { memoryMib }),
      ...(cpus === undefined ? {} : { cpus }),
    });
    return keepRunning(context, vm);
  });
