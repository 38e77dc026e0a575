import { describe, expect, it } from "vitest";
import { entrances, homes, rooms } from "./rules.ts";
import { type Import, importsOf, ownerOf, packageOf, readSource, repositoryFiles, type Source, targetOf } from "./sources.ts";

const roomNames = Object.keys(rooms);
const sources = repositoryFiles()
  .filter((path) => /\.tsx?$/.test(path) && ownerOf(path, roomNames) !== undefined)
  .map(readSource);

describe("rooms", () => {
  it.each(roomNames)("%s imports only what its row allows", (room) => {
    const wrong = eachImport((source, imported) => {
      if (ownerOf(source.path, roomNames) !== room || !imported.specifier.startsWith(".")) return undefined;
      const to = ownerOf(targetOf(source.path, imported.specifier), roomNames);
      if (to === undefined || to === room || isAllowed(room, to, imported)) return undefined;
      return `${room} must not import ${imported.kind === "value" ? "" : `${imported.kind} `}from ${to}: ${rooms[room]?.because}`;
    });
    expect(wrong).toEqual([]);
  });

  it("are entered by their entrance where they have one", () => {
    const wrong = eachImport((source, imported) => {
      if (!imported.specifier.startsWith(".")) return undefined;
      const target = targetOf(source.path, imported.specifier);
      const to = ownerOf(target, roomNames);
      const rule = to === undefined || to === ownerOf(source.path, roomNames) ? undefined : entrances[to];
      if (rule === undefined || rule.files.includes(target)) return undefined;
      return `${target} is not an entrance (${rule.files.join(", ")}): ${rule.because}`;
    });
    expect(wrong).toEqual([]);
  });

  it("do not import tests, examples, scripts or built files", () => {
    const wrong = eachImport((source, { specifier }) => {
      const target = specifier.startsWith(".") ? targetOf(source.path, specifier) : "";
      return /^(test|examples|scripts|dist)\//.test(target) ? `${target} is not part of the product` : undefined;
    });
    expect(wrong).toEqual([]);
  });
});

describe("packages", () => {
  it.each(Object.entries(homes))("%s stays at home", (name, home) => {
    const wrong = eachImport((source, { specifier, kind }) => {
      if (packageOf(specifier) !== name || kind === "type") return undefined;
      const isHome = home.rooms.some((room) => source.path.startsWith(`${room}/`));
      return isHome ? undefined : `${name} belongs to ${home.rooms.join(", ")}: ${home.because}`;
    });
    expect(wrong).toEqual([]);
  });

  it("use the node: prefix for what Node brings", () => {
    const builtIn =
      /^(fs|path|os|url|util|net|http|http2|https|tls|crypto|stream|events|child_process|readline|module|zlib|assert|dns)(\/|$)/;
    expect(eachImport((_, { specifier }) => (builtIn.test(specifier) ? `write node:${specifier}` : undefined))).toEqual([]);
  });
});

describe("the reader of imports", () => {
  it("sees static, bare, lazy and type imports, on one line or several, and no comments", () => {
    const text = [
      'import { a, type B } from "./a.ts";',
      "import {",
      "  type C,",
      "  type D,",
      '} from "./b.ts";',
      'import type { E } from "./c.ts";',
      'import "./d.ts";',
      'export * from "./e.ts";',
      'const f = await import("./f.ts");',
      'type G = import("./g.ts").Thing;',
      '// import "./h.ts"',
      ' * @example import { x } from "./i.ts"',
    ].join("\n");
    expect(importsOf(text).map(({ line, specifier, kind }) => `${line} ${kind} ${specifier}`)).toEqual([
      "1 value ./a.ts",
      "5 type ./b.ts",
      "6 type ./c.ts",
      "8 value ./e.ts",
      "7 value ./d.ts",
      "9 lazy ./f.ts",
      "10 type ./g.ts",
    ]);
  });
});

function isAllowed(room: string, to: string, { kind }: Import): boolean {
  const row = rooms[room];
  if (row === undefined) return false;
  if (row.mayImport.includes(to)) return true;
  if (kind === "type") return [...(row.types ?? []), ...(row.lazily ?? [])].includes(to);
  return kind === "lazy" && row.lazily?.includes(to) === true;
}

/** One line, with the place, for every import that `judge` objects to. */
function eachImport(judge: (source: Source, imported: Import) => string | undefined): string[] {
  return sources.flatMap((source) =>
    source.imports.flatMap((imported) => {
      const objection = judge(source, imported);
      return objection === undefined ? [] : [`${source.path}:${imported.line}: ${objection}`];
    }),
  );
}
