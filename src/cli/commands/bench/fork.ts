import type { Handler } from "../../context.ts";
import { bench } from "./bench.ts";

const pools = ["parked", "started", "none"] as const;

export const run: Handler = (input, context) => {
  const n = input.integer("count");
  const memoryMib = input.integer("memory");
  const fillMib = input.integer("fill");
  const depth = input.integer("depth");
  const pool = pools.find((kind) => kind === input.text("pool"));
  return bench(context, {
    operation: "fork",
    baseline: input.flag("baseline"),
    ...(n === undefined ? {} : { n }),
    ...(memoryMib === undefined ? {} : { memoryMib }),
    ...(fillMib === undefined ? {} : { fillMib }),
    ...(depth === undefined ? {} : { depth }),
    ...(pool === undefined ? {} : { pool }),
  });
};
