import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { allowedHosts, rooms, sizeLimits } from "./rules.ts";
import { ownerOf, repositoryFiles, root } from "./sources.ts";

const files = repositoryFiles().filter((path) => path !== "LICENSE");
const texts = new Map(files.map((path) => [path, readFileSync(join(root, path), "utf8")]));
const code = [...texts].filter(([path]) => /\.tsx?$/.test(path) && ownerOf(path, Object.keys(rooms)) !== undefined);

describe("the repository", () => {
  it("names no host of a registry or mirror, and links only to known places", () => {
    const wrong = linesWith(/https?:\/\/([A-Za-z0-9.-]+)/g, (path, [, host = ""]) => {
      if (path === "package-lock.json") return undefined;
      const known = allowedHosts.some((pattern) => pattern.test(host));
      return known
        ? undefined
        : `the host ${host} is not on the list in test/architecture/rules.ts: machines get their packages by their own settings`;
    });
    expect(wrong).toEqual([]);
    expect(texts.get("package-lock.json")).not.toContain('"resolved"');
  });

  it("carries no path of anybody's machine", () => {
    const paths = [`${root}/`, "/Users/"].map((path) => path.replaceAll("/", "\\/"));
    const wrong = linesWith(new RegExp(`(?<![\\w.])(?:${paths.join("|")})[\\w.-]+`, "g"), (path, [found]) =>
      path.startsWith("test/architecture/") ? undefined : `${found} exists on one machine only`,
    );
    expect(wrong).toEqual([]);
  });

  it("has a README in every room", () => {
    const missing = Object.keys(rooms).filter(
      (room) => files.some((path) => path.startsWith(`${room}/`)) && !texts.has(`${room}/README.md`),
    );
    expect(missing, "a room says what it owns, its invariants and what it may import").toEqual([]);
  });
});

describe("sources", () => {
  it("keep no mutable binding at module level", () => {
    // Such a binding would be captured into every fork, and would tie tests of one process together.
    const isMain = (path: string) => /(^|\/)main\.tsx?$/.test(path);
    const wrong = code.flatMap(([path, text]) =>
      isMain(path)
        ? []
        : [...text.matchAll(/^(?:export )?(?:let|var) \w+/gm)].map((match) => `${path}:${lineAt(text, match.index)}: ${match[0]}`),
    );
    expect(wrong).toEqual([]);
  });

  it("have no enum, no namespace and no double cast", () => {
    const wrong = code.flatMap(([path, text]) =>
      [...text.matchAll(/^(?:export )?(?:declare )?(?:const enum|enum|namespace) \w+|\bas unknown as\b/gm)].map(
        (match) => `${path}:${lineAt(text, match.index)}: ${match[0]}`,
      ),
    );
    expect(wrong).toEqual([]);
  });

  it(`stay below ${sizeLimits.fileLines} lines, or say why at their top`, () => {
    const sizes = code.map(([path, text]) => ({
      path,
      lines: text.split("\n").length,
      excused: /^\/\*[\s\S]{0,400}?long because/i.test(text),
    }));
    const wrong = sizes.filter(({ lines, excused }) => lines > sizeLimits.fileLines && !excused);
    expect(
      wrong.map(({ path, lines }) => `${path} has ${lines} lines; split it, or begin it with a comment that says "long because …"`),
    ).toEqual([]);
    const median = sizes.map(({ lines }) => lines).sort((a, b) => a - b)[Math.floor(sizes.length / 2)];
    console.log(
      `${sizes.length} source files, median ${median} lines, over 250: ${
        sizes
          .filter(({ lines }) => lines > 250)
          .map(({ path, lines }) => `${path} (${lines})`)
          .join(", ") || "none"
      }`,
    );
  });
});

function linesWith(pattern: RegExp, judge: (path: string, match: RegExpMatchArray) => string | undefined): string[] {
  return [...texts].flatMap(([path, text]) =>
    [...text.matchAll(pattern)].flatMap((match) => {
      const objection = judge(path, match);
      return objection === undefined ? [] : [`${path}:${lineAt(text, match.index)}: ${objection}`];
    }),
  );
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}
