import { sanitizeLine } from "../../events/sanitize.ts";
import type { Handler } from "../context.ts";
import { withEnvironment } from "./environment.ts";
import { columns } from "./table-text.ts";

export const run: Handler = async (_input, context) => {
  const services = await withEnvironment(context, (client) => client.services());
  if (context.json) {
    context.io.json({ schemaVersion: 1, services });
    return 0;
  }
  const rows = services.map(({ name, state, ip, ports, image, runtime }) => [
    sanitizeLine(name),
    state,
    ip ?? "-",
    ports.length === 0 ? "-" : ports.join(","),
    `${sanitizeLine(image ?? "-")}${runtime ? " (started by a test)" : ""}`,
  ]);
  context.io.out(columns([["SERVICE", "STATE", "ADDRESS", "PORTS", "IMAGE"], ...rows]));
  return 0;
};
