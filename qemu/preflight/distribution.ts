/** The kinds of host whose package commands we know. */
export type Distribution =
  | { kind: "debian"; codename: string; version: number; label: string }
  | { kind: "ubuntu"; codename: string; version: number; label: string }
  | { kind: "other"; label: string };

/** From the text of /etc/os-release. Relatives of Debian and Ubuntu that say whose packages they use count as "other": their numbers differ. */
export function readDistribution(osRelease: string | undefined): Distribution {
  const field = (name: string): string => new RegExp(`^${name}="?([^"\\n]*)"?$`, "m").exec(osRelease ?? "")?.[1] ?? "";
  const label = field("PRETTY_NAME") || field("NAME") || "this system";
  const id = field("ID");
  if (id !== "debian" && id !== "ubuntu") return { kind: "other", label };
  // Testing and unstable carry no version: newer than any we know.
  return { kind: id, codename: field("VERSION_CODENAME"), version: Number(field("VERSION_ID")) || Number.POSITIVE_INFINITY, label };
}
