import { checkHost, openEngine } from "../../qemu/index.ts";
import { isSpectestError, messageOf } from "../errors/index.ts";

export interface DoctorReport {
  checks: { name: string; ok: boolean; detail: string; fix?: string }[];
}

/** Looks at everything machines need and changes nothing. Every finding that is not ok says what mends it. */
export async function doctor(options: { home: string }): Promise<DoctorReport> {
  const checks: DoctorReport["checks"] = await checkHost();
  if (checks.some((check) => !check.ok)) return { checks };
  try {
    const engine = await openEngine({ home: options.home });
    try {
      const host = await engine.host();
      checks.push({ name: "accelerator", ok: true, detail: `${host.accelerator.name}: ${host.accelerator.reason}` });
      checks.push({ name: "machine", ok: true, detail: `${host.cores} cores, ${host.memoryMib} MiB` });
      const image = await engine.images.find();
      checks.push(
        image
          ? { name: "guest image", ok: true, detail: image.digest.slice(0, 12) }
          : { name: "guest image", ok: false, detail: "not built yet", fix: "spectest setup" },
      );
    } finally {
      await engine.close();
    }
  } catch (error) {
    const fix = isSpectestError(error) ? error.hint : undefined;
    checks.push({ name: "engine", ok: false, detail: messageOf(error), ...(fix === undefined ? {} : { fix }) });
  }
  return { checks };
}
