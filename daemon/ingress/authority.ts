/** The environment's CA on disk, and TLS contexts for the names it serves. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createSecureContext, type SecureContext } from "node:tls";
import type { Layout } from "../layout.ts";
import { createRootCa, type Identity, issueLeaf } from "./certificates.ts";

export interface Authority {
  certPem: string;
  /** One leaf per group of names, made when first asked for. */
  contextFor(hostnames: readonly string[]): SecureContext;
}

/** The guest's own trusted roots, so that a container's clients keep trusting the public ones. */
const SYSTEM_ROOTS = "/etc/ssl/certs/ca-certificates.crt";

/** Loads the CA, or creates it with the environment. */
export async function openAuthority(layout: Layout): Promise<Authority> {
  const ca = (await loadCa(layout)) ?? (await createCa(layout));
  const contexts = new Map<string, SecureContext>();
  return {
    certPem: ca.certPem,
    contextFor: (hostnames) => {
      const key = hostnames.join(" ");
      const known = contexts.get(key);
      if (known) return known;
      const leaf = issueLeaf(ca, hostnames);
      const context = createSecureContext({ key: leaf.keyPem, cert: leaf.certPem + ca.certPem });
      contexts.set(key, context);
      return context;
    },
  };
}

async function loadCa(layout: Layout): Promise<Identity | undefined> {
  try {
    return { certPem: await readFile(layout.caFile, "utf8"), keyPem: await readFile(layout.caKeyFile, "utf8") };
  } catch {
    return undefined;
  }
}

async function createCa(layout: Layout): Promise<Identity> {
  const ca = createRootCa("spectest root");
  await mkdir(layout.caDir, { recursive: true });
  const roots = await readFile(SYSTEM_ROOTS, "utf8").catch(() => "");
  await writeFile(layout.caKeyFile, ca.keyPem, { mode: 0o600 });
  await writeFile(layout.caBundleFile, `${roots}${ca.certPem}`);
  await writeFile(layout.caFile, ca.certPem);
  return ca;
}
