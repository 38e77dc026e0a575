import { SpectestError } from "../../../errors/index.ts";
import type { Handler } from "../../context.ts";
import { withEngine } from "../vm/engine.ts";

export const run: Handler = (input, context) =>
  withEngine(context, async (engine) => {
    const wanted = input.requiredArg("digest");
    const found = (await engine.images.list()).filter((image) => image.digest.startsWith(wanted));
    const [image] = found;
    if (!image || found.length > 1) {
      const what = image ? `"${wanted}" is the beginning of ${found.length} images` : `there is no guest image "${wanted}"`;
      throw new SpectestError("IMAGE_NOT_FOUND", { what, value: wanted, hint: "spectest image ls" });
    }
    await engine.images.remove(image.digest);
    if (context.json) context.io.json({ schemaVersion: 1, removed: image.digest });
    else context.io.say(`image ${image.digest.slice(0, 16)} is removed`);
    return 0;
  });
