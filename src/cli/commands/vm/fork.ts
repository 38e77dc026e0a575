import type { Handler } from "../../context.ts";
import { continueSnapshot } from "./continue.ts";

export const run: Handler = (input, context) => {
  const network = input.text("network") === "denied" ? "denied" : "open";
  return continueSnapshot(input, context, "fork", { memory: "private", network });
};
