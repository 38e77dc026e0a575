/** Where packages come from: worked out from what the host's own apt is told. */
import { SUITE } from "./inputs.ts";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const DEBIAN_RELEASES = new Set(["bullseye", "bookworm", "trixie", "forky", "sid", "oldstable", "stable", "testing", "unstable"]);

/** The `--format` for `apt-get indextargets` that `debianSources` reads. */
export const INDEX_TARGETS_FORMAT = "$(SITE) $(RELEASE) $(COMPONENT)";

/**
 * The lines of a sources.list for the guest's suite, from the output of `apt-get indextargets`. Empty when the host has no
 * Debian archive (Ubuntu, say) and no override is given: then mmdebstrap's own default serves.
 *
 * @param override SPECTEST_DEBIAN_MIRROR: the address of a Debian archive, and after a space that of the security archive.
 * @example debianSources("http://mirror.example/debian bookworm main\n")
 */
export function debianSources(indexTargets: string, override?: string): string[] {
  if (override?.trim()) {
    const [archive = "", security] = override.trim().split(/\s+/);
    return [...archiveLines(archive), ...(security ? [sourceLine(security, `${SUITE}-security`)] : [])];
  }
  const targets = indexTargets.split("\n").map((line) => line.trim().split(" "));
  const siteOf = (matches: (release: string) => boolean): string | undefined =>
    targets.find(([, release = "", component]) => component === "main" && matches(release))?.[0];
  const archive = siteOf((release) => DEBIAN_RELEASES.has(release));
  if (!archive) return [];
  const security = siteOf((release) => release.endsWith("-security") && DEBIAN_RELEASES.has(release.slice(0, -"-security".length)));
  return [...archiveLines(archive), ...(security ? [sourceLine(security, `${SUITE}-security`)] : [])];
}

function archiveLines(site: string): string[] {
  return [sourceLine(site, SUITE), sourceLine(site, `${SUITE}-updates`)];
}

function sourceLine(site: string, suite: string): string {
  return `deb [signed-by=${KEYRING}] ${site} ${suite} main`;
}

const CARRIED_OVER = /^Acquire::(https?|socks|ftp|proxy|retries|queue-mode|forceipv[46]|check-valid-until|check-date|max-futuretime)\b/i;

/** Of `apt-config dump`, the settings on how to reach a mirror (proxies, retries, dates); nothing that names files of the guest. */
export function carriedAptOptions(aptConfigDump: string): string[] {
  return aptConfigDump.split("\n").filter((line) => CARRIED_OVER.test(line) && !line.endsWith(' "";'));
}
