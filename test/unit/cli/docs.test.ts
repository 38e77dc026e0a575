import { expect, it } from "vitest";
import { cliMarkdown, errorsMarkdown } from "../../../src/cli/docs.ts";
import { catalogue } from "../../../src/errors/index.ts";

it("docs/cli.md is what the command table says", async () => {
  await expect(cliMarkdown()).toMatchFileSnapshot("../../../docs/cli.md");
});

it("docs/errors.md is what the catalogue says, and has every code once", async () => {
  const text = errorsMarkdown();
  for (const code of Object.keys(catalogue)) expect(text.split(`| \`${code}\` |`), code).toHaveLength(2);
  await expect(text).toMatchFileSnapshot("../../../docs/errors.md");
});
