/** The command line. Loads as little as it can: `--version` costs about what starting node costs. */
import { version } from "./version.ts";

const words = process.argv.slice(2);
if (words.length === 1 && (words[0] === "--version" || words[0] === "-V" || words[0] === "version")) {
  process.stdout.write(`${version}\n`);
} else {
  const { runCommandLine } = await import("./run-command-line.ts");
  await runCommandLine(words, process);
}
