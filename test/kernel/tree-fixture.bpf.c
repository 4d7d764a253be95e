/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Walks the trees for a key that stands in the packet: a number of a `first` set, a salt
 * for the checks, and the words of the key. What was found replaces them: the entry that
 * decides, how many observed before it, and which.
 */
#include <pktc/data.h>
/* Those of the shape under test, instead of the templates' own. */
#define PKTC_RECORDS_H
#include <records.h>

#define SEEN_MAX 64

struct pktc_fields;

struct pktc_ctx {
	__u32 salt;
	__u32 count;
};

struct xdp_md {
	__u32 data;
	__u32 data_end;
};

struct question {
	__u8 ethernet[16];
	__u32 set;
	__u32 salt;
	__u64 key[PKTC_KEY_WORDS];
	__u32 decided;
	__u32 count;
	__u32 seen[SEEN_MAX];
};

char LICENSE[] SEC("license") = "Dual MIT/GPL";

__u32 seen[SEEN_MAX];

static __always_inline bool pktc_checks(struct pktc_ctx *ctx, struct pktc_fields *f,
					struct pktc_fields *in, const __u8 *data, __u32 entry)
{
	(void)f, (void)in, (void)data;
	return (entry * 7 + ctx->salt) % 3 == 0;
}

static __always_inline void pktc_observe(struct pktc_ctx *ctx, struct pktc_fields *f,
					 struct pktc_fields *in, const __u8 *data, __u32 entry)
{
	__u32 at = ctx->count;

	(void)f, (void)in, (void)data;
	pktc_opaque(at);
	if (at < SEEN_MAX)
		seen[at] = entry;
	ctx->count++;
}

#define PKTC_WANT_CHECKS
#define PKTC_WANT_EACH
#include <pktc/tree.h>

SEC("xdp") int answer(struct xdp_md *xdp)
{
	struct question *question = (void *)(long)xdp->data;
	struct pktc_key key = {};
	struct pktc_ctx ctx = {};
	const __u8 *data;
	__u32 set, i;

	if ((void *)(question + 1) > (void *)(long)xdp->data_end)
		return 0;
	set = question->set;
	ctx.salt = question->salt;
#pragma unroll
	for (i = 0; i < PKTC_KEY_WORDS; i++)
		key.at[i] = question->key[i];
	data = pktc_data();
	if (!data)
		return 0;
	question->decided = pktc_tree_first(&ctx, NULL, NULL, data, &key, set);
	pktc_tree_each(&ctx, NULL, NULL, data, &key, set + 1, question->decided & PKTC_ENTRY_NUMBER);
	question->count = ctx.count;
	for (i = 0; i < SEEN_MAX; i++)
		question->seen[i] = seen[i];
	return 2;
}
