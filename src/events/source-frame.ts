/** The lines around a place in a source file, as text without colours. */

/**
 * @param around lines shown before and after
 * @returns undefined when the file has no such line
 * @example
 *   11 |   const res = await ctx.fetch(url);
 * > 12 |   expect(res.status).toBe(201);
 *      |                      ^
 */
export function sourceFrame(source: string, at: { line: number; column?: number | undefined }, around = 2): string | undefined {
  const lines = source.split(/\r?\n/);
  if (lines[at.line - 1] === undefined) return undefined;
  const first = Math.max(1, at.line - around);
  const last = Math.min(lines.length, at.line + around);
  const width = String(last).length;
  const rows: string[] = [];
  for (let number = first; number <= last; number++) {
    const mark = number === at.line ? ">" : " ";
    rows.push(`${mark} ${String(number).padStart(width)} | ${expand(lines[number - 1] ?? "")}`.trimEnd());
    if (number === at.line && at.column !== undefined && at.column > 0) {
      const before = expand((lines[number - 1] ?? "").slice(0, at.column - 1));
      rows.push(`  ${" ".repeat(width)} | ${" ".repeat(before.length)}^`);
    }
  }
  return rows.join("\n");
}

function expand(line: string): string {
  return line.replaceAll("\t", "  ");
}
