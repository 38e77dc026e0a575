/** The trial writes this to the debug-exit port when all went well; QEMU then exits with 2 * value + 1. */
export const PASSED_EXIT_CODE = 2 * 0x10 + 1;
export const DEBUG_EXIT_DEVICE = "isa-debug-exit,iobase=0xf4,iosize=1";

const FIRMWARE_BYTES = 64 * 1024;
const PROGRAM_AT = 0xf000;
const RESET_VECTOR_AT = 0xfff0;

/**
 * A tiny guest that does what a Linux kernel does in its first moments, as machine code in place of the firmware: enter
 * long mode with paging, take an exception and return from it, cpuid, read and write model-specific registers (EFER,
 * FS_BASE, LSTAR, APIC base), rdtsc, SSE, invlpg, a CR3 reload, a port, and 200000 turns over memory. The source is in
 * trial.S next to this file.
 */
const PROGRAM = Buffer.from(
  [
    "fafc31c08ec08ed0bc0070bf0010b90018f3ab26c7060010032026c7060020033026c706003083008cc88ed8be00f0bf0080b97001f3a48cc18ed966",
    "0f011660810f20e0660da00600000f22e066b8001000000f22d866b9800000c00f32660d010900000f3066b8330001800f22c066ea77800000080066",
    "b810008ed88ec08ed0bc007000000f011c2566810000b83b810000668904253040000066c7042532400000080066c7042534400000008ec1e8106689",
    "042536400000cc81fb34120000757131c00fa2b8010000000fa2b8010000800fa2b9000100c0b80050000031d20f300f323d005000007548b9820000",
    "c0b8008000000f300f323d008000007533b91b0000000f320f310f28c8660fefc00f013c25005000000f20d80f22d8e461b9400d030048010c250060",
    "0000e2f6b010eb02b011e6f4f4ebfdbb3412000048cf660f1f4400000000000000000000ffff0000009aaf00ffff00000092cf00170048810000ff03",
    "0040000000000000",
  ].join(""),
  "hex",
);

/** The trial as a firmware image: the program, and at the reset vector a far jump to it (f000:f000). */
export function trialFirmware(): Buffer {
  const image = Buffer.alloc(FIRMWARE_BYTES);
  PROGRAM.copy(image, PROGRAM_AT);
  Buffer.from([0xea, 0x00, PROGRAM_AT >> 8, 0x00, 0xf0]).copy(image, RESET_VECTOR_AT);
  return image;
}
