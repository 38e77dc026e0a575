import type { ImageInfo, SnapshotInfo, Vm, VmEngine } from "../../qemu/index.ts";
import { openEngine } from "../../qemu/index.ts";
import { spectestHome } from "../../src/platform/index.ts";

/** The machine's own store unless told otherwise: image and template are found there by their content and kept between runs. */
export const TEST_HOME = process.env.SPECTEST_TEST_HOME ?? spectestHome();

export function testEngine(): Promise<VmEngine> {
  return openEngine({ home: TEST_HOME });
}

/** The image of today's sources, built if need be; SPECTEST_TEST_IMAGE names another one by its digest. */
export async function testImage(engine: VmEngine): Promise<ImageInfo> {
  const wanted = process.env.SPECTEST_TEST_IMAGE;
  return (wanted === undefined ? undefined : await engine.images.find(wanted)) ?? engine.images.build();
}

/** One booted template for all suites. */
export async function testTemplate(engine: VmEngine): Promise<SnapshotInfo> {
  const image = await testImage(engine);
  const { qemuVersion, accelerator } = await engine.host();
  const key = `vm-tests ${image.digest} ${qemuVersion} ${accelerator.name}`;
  return engine.withLock("vm-tests", async () => {
    const found = await engine.snapshots.find(key);
    const usable =
      found &&
      (await engine.snapshots.validate(found.id).then(
        () => true,
        () => false,
      ));
    if (found && usable) return found;
    const vm = await engine.boot(image, { name: "vm-tests", memoryMib: 1024 });
    const { snapshot } = await vm.capture({ key, then: "stop" });
    return snapshot;
  });
}

/** Runs a shell line in the guest and returns its output; a failure throws. */
export async function sh(vm: Vm, line: string): Promise<string> {
  const { exitCode, stdout, stderr } = await vm.agent.exec(["sh", "-c", line]);
  if (exitCode !== 0) throw new Error(`${line}: exit code ${exitCode}\n${stdout}${stderr}`);
  return stdout.trim();
}
