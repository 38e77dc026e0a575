import * as tls from "node:tls";

/** Since Node 22.19 and 24.5; absent from the types of the Node that the host supports. */
interface DefaultCertificates {
  readonly rootCertificates: readonly string[];
  getCACertificates?(type: "default"): string[];
  setDefaultCACertificates?(certificates: string[]): void;
}

/**
 * From now on TLS clients of this process, fetch included, and processes it starts trust the environment's CA.
 * A CA of an earlier environment is replaced.
 *
 * @param bundled What the process trusted at its start.
 */
export function trustCa(caPem: string, caPath: string, bundled: readonly string[]): void {
  const node: DefaultCertificates = tls;
  node.setDefaultCACertificates?.([...bundled, caPem]);
  process.env["NODE_EXTRA_CA_CERTS"] = caPath;
  process.env["SSL_CERT_FILE"] = caPath;
}

export function certificatesAtStart(): readonly string[] {
  const node: DefaultCertificates = tls;
  return node.getCACertificates?.("default") ?? [];
}
