import type { Handler } from "../context.ts";
import { withEnvironment } from "./environment.ts";

export const run: Handler = async (_input, context) => {
  await withEnvironment(context, (client) => client.down());
  if (context.json) context.io.json({ schemaVersion: 1, stopped: true });
  else context.io.say("the environment is stopped");
  return 0;
};
