/** Which family an error belongs to decides the exit code (see src/cli). */
export type ErrorFamily = "usage" | "project" | "bring-up" | "host" | "internal" | "nothing-matched" | "cancelled";

/** Every error code, its family, what it means, and the next step when an error does not bring a better one. Documented in docs/errors.md, checked by a test. */
export const catalogue = {
  USAGE: { family: "usage", meaning: "The command line was not understood." },
  NOTHING_MATCHED: { family: "nothing-matched", meaning: "No test matched the filters." },
  CANCELLED: { family: "cancelled", meaning: "The work was cancelled by a signal or by the caller." },
  INTERNAL: { family: "internal", meaning: "A defect of spectest itself." },

  PROJECT_NOT_FOUND: { family: "project", meaning: "No spectest/ directory with an entry file was found." },
  PROJECT_SYNTAX: { family: "project", meaning: "A file of the project does not compile." },
  PROJECT_INVALID: { family: "project", meaning: "The project loaded but is not valid: wrong export, bad field, duplicate id." },
  GRAPH_UNKNOWN: { family: "project", meaning: "A dependency names something that does not exist." },
  GRAPH_CYCLE: { family: "project", meaning: "Dependencies form a cycle.", hint: "remove one of these dependencies" },

  SERVICE_FAILED: {
    family: "bring-up",
    meaning: "A service could not be built, pulled or started, or ended while it was waited for.",
    hint: "its last log lines say why: mend its image, command or env, and run again",
  },
  SERVICE_NOT_READY: {
    family: "bring-up",
    meaning: "A service did not pass its ready check in time.",
    hint: "check the port and path of its readyCheck against its last log lines, or raise readyCheck.timeoutSecs",
  },
  SETUP_FAILED: {
    family: "bring-up",
    meaning: "A set-up hook of the project or of a service threw.",
    hint: "mend the hook and run again: nothing of this bring-up was kept",
  },

  HOST_MISSING: { family: "host", meaning: "A program the host needs is missing or too old." },
  HOST_RESOURCES: { family: "host", meaning: "The host has too little memory or disk space." },
  IMAGE_BUILD: { family: "host", meaning: "The guest image could not be built." },
  IMAGE_NOT_FOUND: { family: "host", meaning: "The named guest image is not in the store." },
  SNAPSHOT_NOT_FOUND: { family: "host", meaning: "The named snapshot is not in the store.", hint: "spectest vm ls" },
  SNAPSHOT_INVALID: { family: "host", meaning: "A snapshot does not fit this host or is damaged; the message names the field." },
  SNAPSHOT_IN_USE: { family: "host", meaning: "A snapshot is needed by a machine or by another snapshot." },
  VM_NOT_FOUND: { family: "host", meaning: "The named machine is not in the store.", hint: "spectest vm ls" },
  VM_STATE: { family: "host", meaning: "A machine was asked for something its state does not allow." },
  VM_DEAD: { family: "host", meaning: "The QEMU process ended unexpectedly.", hint: "run again; if it comes back, spectest doctor" },
  VM_TIMEOUT: { family: "host", meaning: "A machine did not reach a phase in time." },
  QMP: { family: "host", meaning: "QEMU refused a command or broke its protocol." },
  AGENT: { family: "host", meaning: "The agent in the guest refused a request or answered nonsense." },
  STORE_FOREIGN: { family: "host", meaning: "A directory does not carry the store's marker and is left alone." },
  LOCK_HELD: { family: "host", meaning: "Another process holds a lock and waiting was not wanted." },

  CHANNEL: { family: "host", meaning: "The channel to the daemon broke or carried garbage." },
  DAEMON: { family: "host", meaning: "The daemon answered with an error." },
  DAEMON_CONFLICT: { family: "host", meaning: "The daemon is busy with work that excludes this request." },
  DAEMON_NOT_FOUND: { family: "host", meaning: "The daemon knows no such test, service or route." },
  DAEMON_BAD_REQUEST: { family: "host", meaning: "The daemon refused the shape of a request." },
  TIMEOUT: { family: "internal", meaning: "A deadline passed; the message names the phase." },
} as const satisfies Record<string, { family: ErrorFamily; meaning: string; hint?: string }>;

export type ErrorCode = keyof typeof catalogue;
