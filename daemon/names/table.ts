/** Which name leads where: services by their containers' addresses, ingress names by the gateway. */
import type { HostEntry } from "./hostsFile.ts";

export interface NameTable {
  /** Names of a container; an earlier set of the same service is replaced. */
  setService(service: string, address: string, names: readonly string[]): void;
  removeService(service: string): void;
  /** Registered while running: leads to a service's present address, or to the ingress. */
  register(hostname: string, target: { service: string } | { ingress: true }): void;
  setIngress(address: string, names: readonly string[]): void;
  /** Undefined for a name that is not the environment's. Patterns like `*.shop.test` match one or more labels. */
  resolve(hostname: string): string | undefined;
  entries(): HostEntry[];
}

export function createNameTable(): NameTable {
  const services = new Map<string, { address: string; names: readonly string[] }>();
  const registered = new Map<string, { service: string } | { ingress: true }>();
  let ingress: { address: string; names: readonly string[] } = { address: "", names: [] };

  const addressOf = (target: { service: string } | { ingress: true }): string | undefined =>
    "service" in target ? services.get(target.service)?.address : ingress.address;

  /** Most specific first: registered, exact names, then the longest pattern. */
  const candidates = (): { name: string; address: string | undefined }[] => [
    ...[...registered].map(([name, target]) => ({ name, address: addressOf(target) })),
    ...[...services.values()].flatMap(({ address, names }) => names.map((name) => ({ name, address }))),
    ...ingress.names.map((name) => ({ name, address: ingress.address })),
  ];

  return {
    setService: (service, address, names) => void services.set(service, { address, names }),
    removeService: (service) => void services.delete(service),
    register: (hostname, target) => void registered.set(hostname.toLowerCase(), target),
    setIngress: (address, names) => {
      ingress = { address, names };
    },
    resolve: (hostname) => {
      const name = hostname.toLowerCase().replace(/\.$/, "");
      const known = candidates().filter((entry) => entry.address !== undefined && entry.address !== "");
      const exact = known.find((entry) => entry.name.toLowerCase() === name);
      if (exact) return exact.address;
      const patterns = known.filter((entry) => matchesPattern(entry.name, name));
      return patterns.sort((one, other) => other.name.length - one.name.length)[0]?.address;
    },
    entries: () => {
      const byAddress = new Map<string, Set<string>>();
      for (const { name, address } of candidates()) {
        if (address === undefined || address === "") continue;
        const names = byAddress.get(address) ?? new Set();
        byAddress.set(address, names.add(name));
      }
      return [...byAddress].map(([address, names]) => ({ address, names: [...names] }));
    },
  };
}

/** `*.shop.test` covers `a.shop.test` and `a.b.shop.test`, not `shop.test`. */
export function matchesPattern(pattern: string, name: string): boolean {
  if (!pattern.startsWith("*.")) return false;
  const suffix = pattern.slice(1).toLowerCase();
  return name.length > suffix.length && name.toLowerCase().endsWith(suffix);
}
