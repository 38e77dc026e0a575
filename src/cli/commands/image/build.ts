import type { Handler } from "../../context.ts";
import { progressLines } from "../progress.ts";
import { formatBytes } from "../table-text.ts";
import { withEngine } from "../vm/engine.ts";

export const run: Handler = (input, context) =>
  withEngine(context, async (engine) => {
    const image = await engine.images.build({
      signal: context.interrupts.signal,
      onProgress: progressLines(context),
      force: input.flag("force"),
    });
    if (context.json) context.io.json({ schemaVersion: 1, image });
    else context.io.out(`${image.digest}  ${formatBytes(image.sizeBytes)}\n`);
    return 0;
  });
