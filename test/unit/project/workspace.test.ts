import { chmod, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extract } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findProject, packWorkspace, workspaceExcludes } from "../../../src/project/index.ts";
import { writeFiles } from "../../support/projects.ts";

describe("packWorkspace", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "spectest-workspace-"));
    await writeFiles(root, {
      "spectest/index.ts": "",
      "api/server.js": "serve",
      "api/run.sh": "#!/bin/sh",
      "api/node_modules/x/index.js": "x",
      "api/dist/out.js": "out",
      "dist/top.js": "top",
      "api/spectest/kept.txt": "only the top one is left out",
      ".env": "SECRET=1",
      "api/.env.local": "SECRET=1",
      ".git/HEAD": "ref",
      "docs/a.md": "a",
    });
    await chmod(join(root, "api/run.sh"), 0o700);
    await symlink("server.js", join(root, "api/main.js"));
    await symlink("../../etc/passwd", join(root, "api/escape"));
    await symlink("/etc/passwd", join(root, "absolute"));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const packed = async (excludes: string[] = []) => packWorkspace(await findProject(root), { excludes });

  it("packs what a build may see: no secrets, no installed packages, no build results, no link that leaves", async () => {
    const workspace = await packed();
    expect(await listTar(workspace.tar())).toEqual([
      "755 api/",
      "755 api/dist/",
      "644 api/dist/out.js = out",
      "777 api/main.js -> server.js",
      "755 api/run.sh = #!/bin/sh",
      "644 api/server.js = serve",
      "755 api/spectest/",
      "644 api/spectest/kept.txt = only the top one is left out",
      "755 docs/",
      "644 docs/a.md = a",
    ]);
    expect(workspace.skippedLinks).toEqual(["absolute", "api/escape"]);
    expect(workspace.fileCount).toBe(5);
  });

  it("honours the services' own excludes, and takes back in what one names with !", async () => {
    const workspace = await packed(["docs", "api/*.sh", "api/spectest", "api/dist", "!api/node_modules"]);
    expect(await listTar(workspace.tar())).toEqual([
      "755 api/",
      "777 api/main.js -> server.js",
      "755 api/node_modules/",
      "755 api/node_modules/x/",
      "644 api/node_modules/x/index.js = x",
      "644 api/server.js = serve",
    ]);
  });

  it("hashes content, names and executable bits, not times", async () => {
    const { hash } = await packed();
    await utimes(join(root, "docs/a.md"), 1, 1);
    expect((await packed()).hash).toBe(hash);
    await chmod(join(root, "docs/a.md"), 0o755);
    expect((await packed()).hash).not.toBe(hash);
    await chmod(join(root, "docs/a.md"), 0o644);
    await writeFile(join(root, "docs/a.md"), "b");
    expect((await packed()).hash).not.toBe(hash);
  });

  it("gives the same bytes again", async () => {
    const first = await bytesOf((await packed()).tar());
    await utimes(join(root, "api/server.js"), 1, 1);
    expect((await bytesOf((await packed()).tar())).equals(first)).toBe(true);
  });

  it("ends with an error when a file changes while it is packed", async () => {
    const workspace = await packed();
    await writeFile(join(root, "docs/a.md"), "much longer than before");
    await expect(bytesOf(workspace.tar())).rejects.toThrow();
  });
});

describe("workspaceExcludes", () => {
  const service = (image: { type: "registry" } | { type: "dockerfile"; exclude?: string[] }) => ({ spec: { image } });
  it("is the union over Dockerfile services, and nothing when there is none", () => {
    expect(workspaceExcludes({ services: [service({ type: "registry" })] })).toBeUndefined();
    expect(
      workspaceExcludes({
        services: [
          service({ type: "dockerfile", exclude: ["b", "a"] }),
          service({ type: "dockerfile" }),
          service({ type: "dockerfile", exclude: ["a"] }),
        ],
      }),
    ).toEqual(["a", "b"]);
  });
});

async function bytesOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function listTar(stream: AsyncIterable<unknown>): Promise<string[]> {
  const lines: string[] = [];
  const parser = extract();
  parser.end(await bytesOf(stream));
  for await (const entry of parser) {
    const { name, mode, type, linkname } = entry.header;
    const content = (await bytesOf(entry)).toString();
    const detail = type === "symlink" ? ` -> ${linkname}` : type === "file" ? ` = ${content}` : "";
    lines.push(`${(mode ?? 0).toString(8)} ${name}${detail}`);
  }
  return lines;
}
