import type { Handler } from "../../context.ts";
import { bench } from "./bench.ts";

export const run: Handler = (input, context) => {
  const n = input.integer("count");
  const memoryMib = input.integer("memory");
  return bench(context, { operation: "capture", ...(n === undefined ? {} : { n }), ...(memoryMib === undefined ? {} : { memoryMib }) });
};
