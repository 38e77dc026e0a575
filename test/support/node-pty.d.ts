/// <reference path="../../node_modules/node-pty/node-pty.d.ts" />

/** The package is installed under an alias, and its declarations name it by its own name only. */
declare module "node-pty" {
  export * from "@lydell/node-pty";
}
