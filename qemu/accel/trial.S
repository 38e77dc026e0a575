/* Source of trialProgram.ts: as --64 trial.S -o trial.o && ld -m elf_x86_64 -Ttext=0 --oformat binary trial.o -o trial.bin */
.code16
start:
  cli
  cld
  xorw %ax,%ax
  movw %ax,%es
  movw %ax,%ss
  movw $0x7000,%sp
  # page tables at 0x1000..0x3fff
  movw $0x1000,%di
  movw $0x1800,%cx
  rep stosw
  movw $0x2003,%es:0x1000
  movw $0x3003,%es:0x2000
  movw $0x0083,%es:0x3000
  # copy this program to 0x8000
  movw %cs,%ax
  movw %ax,%ds
  movw $start+0xf000,%si
  movw $0x8000,%di
  movw $(end-start),%cx
  rep movsb
  movw %es,%cx
  movw %cx,%ds
  lgdtl 0x8000+gdtr-start
  movl %cr4,%eax
  orl $0x6a0,%eax      # PAE PGE OSFXSR OSXMMEXCPT
  movl %eax,%cr4
  movl $0x1000,%eax
  movl %eax,%cr3
  movl $0xc0000080,%ecx
  rdmsr
  orl $0x901,%eax      # SCE LME NXE
  wrmsr
  movl $0x80010033,%eax
  movl %eax,%cr0
  ljmpl $8,$(0x8000+long-start)
.code64
long:
  movw $16,%ax
  movw %ax,%ds
  movw %ax,%es
  movw %ax,%ss
  movl $0x7000,%esp
  lidt 0x8000+idtr-start
  # int3 gate, vector 3, at 0x4000
  movl $(0x8000+trap-start),%eax
  movw %ax,0x4030
  movw $8,0x4032
  movw $0x8e00,0x4034
  shrl $16,%eax
  movw %ax,0x4036
  int3
  cmpl $0x1234,%ebx
  jne bad
  xorl %eax,%eax
  cpuid
  movl $1,%eax
  cpuid
  movl $0x80000001,%eax
  cpuid
  movl $0xc0000100,%ecx   # FS_BASE
  movl $0x5000,%eax
  xorl %edx,%edx
  wrmsr
  rdmsr
  cmpl $0x5000,%eax
  jne bad
  movl $0xc0000082,%ecx   # LSTAR
  movl $0x8000,%eax
  wrmsr
  rdmsr
  cmpl $0x8000,%eax
  jne bad
  movl $0x1b,%ecx         # APIC base
  rdmsr
  rdtsc
  movaps %xmm0,%xmm1
  pxor %xmm0,%xmm0
  invlpg 0x5000
  movq %cr3,%rax
  movq %rax,%cr3
  inb $0x61,%al
  # a little work over memory
  movl $200000,%ecx
1: addq %rcx,0x6000
  loop 1b
  movb $0x10,%al
  jmp out
bad:
  movb $0x11,%al
out:
  outb %al,$0xf4
2: hlt
  jmp 2b
trap:
  movl $0x1234,%ebx
  iretq
.balign 8
gdt: .quad 0, 0x00af9a000000ffff, 0x00cf92000000ffff
gdtr: .word 23
  .long 0x8000+gdt-start
idtr: .word 0x3ff
  .quad 0x4000
end:
