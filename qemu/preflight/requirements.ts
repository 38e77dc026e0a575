import type { Distribution } from "./distribution.ts";

/** One thing the host must have. Data only: `check.ts` looks for it, `install.ts` gets it. */
export interface Requirement {
  /** Short name for a list. */
  name: string;
  /** What it is needed for, after "needed". */
  purpose: string;
  look:
    | { for: "program"; program: string; minVersion?: string; versionArgs?: readonly string[] }
    | { for: "file"; path: string }
    | { for: "subordinateIds" };
  /** The Debian and Ubuntu package that brings it; absent when no package does. */
  package?: string;
  /** What to do on other systems, or when no package brings it. */
  otherwise: string;
  /** Root needs no mapped ids. */
  ordinaryUsersOnly?: boolean;
}

export const MIN_QEMU_VERSION = "9.0";
/** The first version with `--unshare-helper` and `--skip` as the build uses them. */
const MIN_MMDEBSTRAP_VERSION = "1.3";

export const REQUIREMENTS: readonly Requirement[] = [
  {
    name: "QEMU",
    purpose: "to run the machines",
    look: { for: "program", program: "qemu-system-x86_64", minVersion: MIN_QEMU_VERSION },
    package: "qemu-system-x86",
    otherwise: `install QEMU ${MIN_QEMU_VERSION} or newer for x86-64 (qemu-system-x86_64), or name one in SPECTEST_QEMU`,
  },
  {
    name: "qemu-img",
    purpose: "to make the machines' disks",
    look: { for: "program", program: "qemu-img", minVersion: MIN_QEMU_VERSION },
    package: "qemu-utils",
    otherwise: "install qemu-img, which comes with QEMU",
  },
  {
    name: "mmdebstrap",
    purpose: "to build the guest image",
    look: { for: "program", program: "mmdebstrap", minVersion: MIN_MMDEBSTRAP_VERSION },
    package: "mmdebstrap",
    otherwise: "build the guest image on a Debian or Ubuntu host: there is no mmdebstrap without apt",
  },
  program("apt-get", "to fetch the guest's packages", "apt"),
  program("dpkg-deb", "to unpack the guest's kernel", "dpkg"),
  {
    name: "Debian's archive keys",
    purpose: "to verify the guest's packages",
    look: { for: "file", path: "/usr/share/keyrings/debian-archive-keyring.gpg" },
    package: "debian-archive-keyring",
    otherwise: "install Debian's archive keyring as /usr/share/keyrings/debian-archive-keyring.gpg",
  },
  program("mke2fs", "to write the guest's disk", "e2fsprogs"),
  program("tar", "to pack the guest's files", "tar"),
  program("xz", "to unpack the guest's kernel modules", "xz-utils"),
  program("setpriv", "to end the build together with its caller", "util-linux"),
  {
    name: "npm",
    purpose: "to fetch the guest's Node",
    look: { for: "program", program: "npm" },
    otherwise: "install npm, which comes with Node",
  },
  { ...program("newuidmap", "to build the guest image without being root", "uidmap"), ordinaryUsersOnly: true },
  {
    name: "subordinate ids",
    purpose: "to build the guest image without being root",
    look: { for: "subordinateIds" },
    otherwise: "give the user 65536 subordinate ids in /etc/subuid and /etc/subgid",
    ordinaryUsersOnly: true,
  },
];

function program(name: string, purpose: string, packageName: string): Requirement {
  return { name, purpose, look: { for: "program", program: name }, package: packageName, otherwise: `install ${name}` };
}

/** Where QEMU of the version needed comes from on a distribution. */
export function qemuSource(distribution: Distribution): "archive" | "backports" | "unknown" {
  if (distribution.kind === "debian") {
    if (distribution.version >= 13) return "archive";
    return distribution.version === 12 ? "backports" : "unknown";
  }
  return distribution.kind === "ubuntu" && distribution.version >= 25.04 ? "archive" : "unknown";
}
