/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The few types, helpers and attributes a program needs, defined here so that
 * clang needs no other header. Numbers are those of include/uapi/linux/bpf.h.
 */
#ifndef PKTC_BPF_H
#define PKTC_BPF_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef long long __s64;

/* Network byte order; the names survive into BTF. */
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;

#define bool _Bool
#define true 1
#define false 0
#define NULL ((void *)0)

#define SEC(name) __attribute__((section(name), used))
/* A variable that libbpf provides. */
#define SEC_EXTERN(name) __attribute__((section(name)))
#define __always_inline inline __attribute__((always_inline))
#define __noinline __attribute__((noinline))
/*
 * Of a static function: its result stays, though nobody takes it. Without it clang leaves in the register what was there, and when that
 * is a pointer to the stack the verifier refuses it ("cannot return stack pointer to the caller").
 */
#define __returns __attribute__((used))

/*
 * A variable whose value the build writes into the object. It stays there when clang sees
 * that nothing depends on it, as in a rule that holds for every packet.
 */
#define PKTC_TABLE static const volatile __attribute__((used))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define offsetof(type, member) __builtin_offsetof(type, member)

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define pktc_ntoh16(x) __builtin_bswap16(x)
#define pktc_ntoh32(x) __builtin_bswap32(x)
#define pktc_ntoh64(x) __builtin_bswap64(x)
#else
#define pktc_ntoh16(x) (x)
#define pktc_ntoh32(x) (x)
#define pktc_ntoh64(x) (x)
#endif

/*
 * Where a header or payload can begin at most; also a mask. Below what the verifier lets
 * a program add to a packet pointer, MAX_PACKET_OFF in kernel/bpf/verifier.c, and above
 * two tags, IPv6 and eight extension headers of 2,048 bytes.
 */
#define PKTC_OFFSET_MAX 0x7fff

/* How libbpf reads the definition of a map out of BTF. */
#define __uint(name, value) int(*name)[value]
#define __type(name, type) type *name
#define __array(name, type) __typeof__(type) *name[]

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum {
	BPF_F_NO_PREALLOC = 1U << 0,
	BPF_F_MMAPABLE = 1U << 10,
};

enum {
	BPF_RB_NO_WAKEUP = 1ULL << 0,
	BPF_RB_FORCE_WAKEUP = 1ULL << 1,
};

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static __u32 (*const bpf_get_prandom_u32)(void) = (void *)7;
static __u32 (*const bpf_get_smp_processor_id)(void) = (void *)8;
static __u64 (*const bpf_ktime_get_boot_ns)(void) = (void *)125;
static void *(*const bpf_ringbuf_reserve)(void *ring, __u64 size, __u64 flags) = (void *)131;
static void (*const bpf_ringbuf_submit)(void *record, __u64 flags) = (void *)132;
/* Calls `turn` with 0, 1, … and `ctx` until it returns 1; since 5.17. */
static long (*const bpf_loop)(__u32 turns, long (*turn)(__u32 at, void *ctx), void *ctx,
			      __u64 flags) = (void *)181;

/*
 * The version of the kernel that loads the program, filled in by libbpf: KERNEL_VERSION()
 * of include/uapi/linux/version.h. The verifier drops what is behind a test that fails.
 */
extern int LINUX_KERNEL_VERSION SEC_EXTERN(".kconfig");

#define PKTC_KERNEL_VERSION(major, minor) (((major) << 16) + ((minor) << 8))

/*
 * A value read afresh each time. Without it the compiler keeps values in
 * registers from rule to rule, and the verifier drags what it learnt from one
 * rule's comparisons into the next: its work then doubles with each rule
 * instead of adding up.
 */
#define pktc_read(x) (*(const volatile __typeof__(x) *)&(x))
#define pktc_write(x, value) (*(volatile __typeof__(x) *)&(x) = (value))

/* Hides a value's origin from the compiler, so that a bounds check stays where it is written. */
#define pktc_opaque(x) __asm__ volatile("" : "+r"(x))

/*
 * `i + 1` at the end of a loop in which `continue` stands, with a jump to the next
 * instruction behind it: the verifier of 6.1 takes a way back for a loop only when its
 * last instruction is a jump (push_insn in kernel/bpf/verifier.c), and clang would let
 * the addition fall into the loop's beginning.
 */
static __always_inline __u64 pktc_next(__u64 i)
{
	__asm__ volatile("%0 += 1\n\tgoto +0" : "+r"(i));
	return i;
}

/*
 * `size - 1`, to be compared with a capacity before a helper gets it back as `last + 1`:
 * so the verifier knows that the size is not 0. It learns that from `size != 0` since
 * 6.8 only, and clang would join two comparisons of `size` into one that it cannot follow.
 */
static __always_inline __u32 pktc_last(__u32 size)
{
	__u32 last = size - 1;

	pktc_opaque(last);
	return last;
}

/* Makes an argument count as used whatever else the compiler finds out. */
#define pktc_keep(x) __asm__ volatile("" : : "r"(x))

#endif /* PKTC_BPF_H */
