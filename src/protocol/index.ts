export * from "./bring-up.ts";
export * from "./environment.ts";
export * from "./recording.ts";
export * from "./routes.ts";
