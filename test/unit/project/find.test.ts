import { mkdir, mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findProject } from "../../../src/project/index.ts";
import { writeFiles } from "../../support/projects.ts";

describe("findProject", () => {
  let root: string;
  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), "spectest-find-")));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it("walks up to the nearest project and prefers index.ts", async () => {
    await writeFiles(root, { "spectest/index.js": "", "spectest/index.mts": "", "spectest/index.ts": "", "a/b/c.txt": "" });
    expect(await findProject(join(root, "a/b"))).toMatchObject({ root, entry: join(root, "spectest/index.ts") });
    await rm(join(root, "spectest/index.ts"));
    expect((await findProject(root)).entry).toBe(join(root, "spectest/index.mts"));
  });

  it("passes a spectest/ without an entry, and names it when nothing else is found", async () => {
    await writeFiles(root, { "spectest/index.ts": "", "inner/spectest/main.ts": "" });
    expect((await findProject(join(root, "inner"))).root).toBe(root);
    await rm(join(root, "spectest"), { recursive: true });
    await expect(findProject(join(root, "inner"))).rejects.toMatchObject({
      code: "PROJECT_NOT_FOUND",
      message: expect.stringMatching(/inner\/spectest has no entry file: expected index\.ts, .*; found main\.ts/),
      hint: "spectest init",
    });
  });

  it("says where it looked when there is nothing", async () => {
    await expect(findProject(root)).rejects.toMatchObject({ code: "PROJECT_NOT_FOUND", message: expect.stringContaining(root) });
  });

  it("sees through symbolic links, as the bundler does", async () => {
    await mkdir(join(root, "real"));
    await writeFiles(join(root, "real"), { "spectest/index.ts": "" });
    await symlink(join(root, "real"), join(root, "link"));
    expect((await findProject(join(root, "link"))).root).toBe(join(root, "real"));
  });
});
