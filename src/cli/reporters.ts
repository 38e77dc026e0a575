/** `--reporter` and `--json`: which reporters run, and where each writes. */
import { SpectestError } from "../errors/index.ts";
import { isReporterName, type ReporterName, reporterNames } from "../reporters/index.ts";
import { suggest } from "./suggest.ts";

export interface ReporterSpec {
  name: ReporterName;
  /** Absent: standard output. */
  file?: string;
}

/**
 * Reads `NAME` and `NAME:FILE`, comma-separated.
 *
 * @throws USAGE for an unknown name, or when two reporters would mix on stdout
 * @example parseReporters(["list,junit:report.xml"], false)
 */
export function parseReporters(lists: readonly string[], json: boolean): ReporterSpec[] {
  const words = lists.flatMap((list) => list.split(",")).filter((word) => word !== "");
  const specs = words.map(parseOne);
  if (json && !specs.some((spec) => spec.name === "json" && spec.file === undefined)) specs.push({ name: "json" });
  const [first, second] = specs.filter((spec) => spec.file === undefined);
  if (first && second) {
    throw new SpectestError("USAGE", {
      what: `the reporters ${first.name} and ${second.name} both write to standard output`,
      hint: `give one a file: --reporter ${first.name},${second.name}:FILE`,
    });
  }
  return specs;
}

function parseOne(word: string): ReporterSpec {
  const colon = word.indexOf(":");
  const name = colon < 0 ? word : word.slice(0, colon);
  if (!isReporterName(name)) {
    const [near] = suggest(name, reporterNames);
    throw new SpectestError("USAGE", {
      what: `there is no reporter "${name}": ${reporterNames.join(", ")}`,
      value: name,
      ...(near === undefined ? {} : { hint: `did you mean --reporter ${near}?` }),
    });
  }
  const file = colon < 0 ? "" : word.slice(colon + 1);
  if (colon >= 0 && file === "") throw new SpectestError("USAGE", { what: `--reporter ${word}: the file name is missing`, value: word });
  return file === "" ? { name } : { name, file };
}
