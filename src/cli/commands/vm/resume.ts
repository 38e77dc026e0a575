import type { Handler } from "../../context.ts";
import { continueSnapshot } from "./continue.ts";

/** Memory of its own, so that the machine can be captured as a template again. */
export const run: Handler = (input, context) => continueSnapshot(input, context, "resume", { memory: "template" });
