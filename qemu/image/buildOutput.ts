import type { Progress } from "../types.ts";

/** Share of the whole work done when a phase begins, from measured builds. */
const PHASE_STARTS: Record<string, number> = { resolve: 0, packages: 0.1, containers: 0.75, disk: 0.85, checksum: 0.95 };

export function phaseProgress(phase: string, detail: string): Progress {
  const fraction = PHASE_STARTS[phase];
  return { phase, detail, ...(fraction === undefined ? {} : { fraction }) };
}

/** Turns the output of the build into progress: its own phase lines, and apt's and dpkg's as their detail. */
export class BuildOutput {
  #phase = "resolve";

  /** Undefined for a line that says nothing to a person. */
  read(line: string): Progress | undefined {
    const phase = /^::phase (\S+) (.*)$/.exec(line);
    if (phase) {
      this.#phase = phase[1] ?? this.#phase;
      return phaseProgress(this.#phase, phase[2] ?? "");
    }
    const fetched = /^Get:\d+ \S+ \S+ \S+ (\S+) .*\[(.*)\]$/.exec(line);
    if (fetched) return { phase: this.#phase, detail: `downloading ${fetched[1]} (${fetched[2]})` };
    const unpacked = /^(Unpacking|Setting up) ([^\s:]+)/.exec(line);
    if (unpacked) return { phase: this.#phase, detail: `${unpacked[1]?.toLowerCase()} ${unpacked[2]}` };
    const mmdebstrap = /^I: ((?:running apt-get|downloading|extracting|installing) .*?)\.*$/.exec(line);
    if (mmdebstrap) return { phase: this.#phase, detail: mmdebstrap[1] ?? "" };
    return undefined;
  }
}
