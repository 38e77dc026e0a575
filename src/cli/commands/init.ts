import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { SpectestError } from "../../errors/index.ts";
import type { Handler } from "../context.ts";

/** The smallest project that shows the point: a service from the guest image, a test, and a test that starts where it ended. */
export const projectFiles: Readonly<Record<string, string>> = {
  "spectest/index.ts": `import { defineEnvironment, registry } from "spectest";

export const env = defineEnvironment({
  services: {
    // Comes with the guest image: nothing is pulled.
    cache: { image: registry("spectest/redis:8"), readyCheck: { type: "tcp", port: 6379 } },
  },
});

export default env.project();
`,
  "spectest/tests/cache.ts": `import { expect } from "spectest";
import { env } from "../index";

export const remembers = env.test("remembers a value", async (ctx) => {
  await ctx.exec("cache", "redis-cli set greeting hello");
  const reply = await ctx.exec("cache", "redis-cli get greeting");
  expect(reply.stdout.trim()).toBe("hello");
});

// Starts in a fork of the machine as the test above left it: the value is still there.
env.test("still knows it", { dependsOn: remembers }, async (ctx) => {
  const reply = await ctx.exec("cache", "redis-cli get greeting");
  expect(reply.stdout.trim()).toBe("hello");
});
`,
};

export const run: Handler = async (input, context) => {
  const dir = resolve(context.cwd, input.arg("dir") ?? ".");
  const existing = Object.keys(projectFiles).find((file) => existsSync(join(dir, file)));
  if (existing !== undefined) {
    throw new SpectestError("USAGE", {
      what: `${join(dir, existing)} exists already`,
      value: existing,
      hint: "spectest init NEW_DIRECTORY",
    });
  }
  for (const [file, content] of Object.entries(projectFiles)) {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), content, { flag: "wx" });
  }
  const files = Object.keys(projectFiles);
  if (context.json) context.io.json({ schemaVersion: 1, dir, files });
  else {
    const away = relative(context.cwd, dir);
    for (const file of files) context.io.say(`wrote ${join(away, file)}`);
    context.io.say(`next: ${away === "" ? "" : `cd ${away} && `}spectest test`);
  }
  return 0;
};
