import { bindings, keySign } from "../keymap.ts";
import { bold, dim } from "./looks.ts";
import { blank, fit, type Row, row, span } from "./row.ts";

/** Every binding of the one table. */
export function helpRows(size: { columns: number; rows: number }, scroll: number): { rows: Row[]; scroll: number } {
  const lines = bindings.map(({ keys, description }) =>
    row(span(`  ${keys.map(keySign).join(" ").padEnd(16)} `, { color: "cyan" }), description),
  );
  const all = [row(span(" Keys", bold), span("   esc closes", dim)), blank, ...lines];
  const start = Math.min(scroll, Math.max(0, all.length - size.rows));
  return { rows: all.slice(start, start + size.rows).map((line) => fit(line, size.columns)), scroll: start };
}
