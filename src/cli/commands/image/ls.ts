import type { Handler } from "../../context.ts";
import { writeWords } from "../../words.ts";
import { columns, formatBytes } from "../table-text.ts";
import { withEngine } from "../vm/engine.ts";

export const run: Handler = (_input, context) =>
  withEngine(context, async (engine) => {
    const images = await engine.images.list();
    writeWords(
      context.home,
      "image",
      images.map((image) => image.digest),
    );
    if (context.json) context.io.json({ schemaVersion: 1, images });
    else {
      const rows = images.map((image) => [image.digest.slice(0, 16), formatBytes(image.sizeBytes), image.createdAt, image.dir]);
      context.io.out(columns([["IMAGE", "SIZE", "CREATED", "DIRECTORY"], ...rows]));
    }
    return 0;
  });
