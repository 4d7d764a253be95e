/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * libbpf's own reader of a ring buffer: a callback an event. It is woken up as pktc's reader is, for every 64 KiB, and looks by itself
 * when it has waited for 2 ms.
 */
typedef unsigned long size_t;
struct ring_buffer;
struct timespec {
	long tv_sec;
	long tv_nsec;
};

#define CLOCK_MONOTONIC 1
int clock_gettime(int clock, struct timespec *now);

struct ring_buffer *ring_buffer__new(int map_fd, int (*callback)(void *, void *, size_t), void *ctx,
				     const void *options);
int ring_buffer__poll(struct ring_buffer *ring, int timeout_ms);
int ring_buffer__consume(struct ring_buffer *ring);
void ring_buffer__free(struct ring_buffer *ring);

static int count(void *ctx, void *data, size_t size)
{
	(void)data;
	(void)size;
	*(volatile unsigned long *)ctx += 1;
	return 0;
}

static long now_ns(void)
{
	struct timespec now = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

/*
 * Events until there have been none for `idle_ms`, and for the first one `first_ms` more; negative when libbpf cannot
 * open the ring. `took_ns`: from the beginning of the first batch to the end of the last.
 */
long pktc_bench_consume(int map_fd, int first_ms, int idle_ms, long *took_ns)
{
	unsigned long events = 0;
	struct ring_buffer *ring = ring_buffer__new(map_fd, count, &events, 0);
	long first = 0, last;

	if (!ring)
		return -1;
	last = now_ns() + first_ms * 1000000L;
	while (now_ns() < last + idle_ms * 1000000L) {
		long before = now_ns();

		if (ring_buffer__consume(ring) > 0 || ring_buffer__poll(ring, 2) > 0) {
			last = now_ns();
			if (!first)
				first = before;
		}
	}
	*took_ns = last - first;
	ring_buffer__free(ring);
	return events;
}
