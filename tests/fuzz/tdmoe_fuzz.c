/* A TDMoE device that sends anything at any time: the parser, and behind it the jitter buffer.
 *
 * Input: records.  First octet: how many milliseconds pass before it (low 4 bits), and what it is
 * (high 4 bits).  0: the next octet is a length, and that many octets are the frame.  Else a good
 * frame: its sequence (2 octets) and flags (1); then, 1 less than the high bits, pairs of a place
 * and the octet to be there; at the place 255 the frame is cut, or lengthened, to that many octets.
 */
#include "tdm/packet_buffer.h"
#include "tdm/tdmoe.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAME_NS = 1000000, CUT = 255 };

struct input {
	const uint8_t *data;
	size_t size;
};

static uint64_t now_ns;

static void check(bool ok)
{
	if (!ok)
		abort();
}

static uint8_t take(struct input *in)
{
	if (in->size == 0)
		return 0;
	in->size--;
	return *in->data++;
}

/* The octets of the next frame. */
static size_t make_frame(struct input *in, unsigned kind, uint8_t out[256])
{
	memset(out, 0x55, 256);
	if (kind == 0) {
		size_t octets = take(in);
		for (size_t i = 0; i < octets; i++)
			out[i] = take(in);
		return octets;
	}
	uint8_t payload[TDMOE_PAYLOAD_OCTETS];
	struct tdmoe_frame f = {.subaddress = 1, .payload = payload};
	f.sequence = (uint16_t)(take(in) << 8);
	f.sequence = (uint16_t)(f.sequence | take(in));
	f.flags = take(in);
	memset(payload, (int)kind, sizeof(payload));
	size_t octets = tdmoe_encode(out, &f);
	while (--kind > 0) {
		uint8_t place = take(in), value = take(in);
		if (place == CUT)
			octets = value;
		else
			out[place] = value;
	}
	return octets;
}

static void hear(struct tdm_packet_buffer *b, const uint8_t *data, size_t octets)
{
	uint8_t *exact = malloc(octets > 0 ? octets : 1); /* a read past the end is seen */
	uint8_t again[TDMOE_OCTETS];
	struct tdmoe_frame f, g;

	check(exact != NULL);
	memcpy(exact, data, octets);
	if (tdmoe_parse(&f, exact, octets)) {
		check(tdmoe_encode(again, &f) == octets);
		check(tdmoe_parse(&g, again, octets));
		check(g.flags == f.flags && g.sequence == f.sequence);
		check(g.subaddress == f.subaddress);
		check(memcmp(g.payload, f.payload, TDMOE_PAYLOAD_OCTETS) == 0);
		tdm_packet_buffer_put(b, f.sequence, now_ns, f.flags, f.payload);
	}
	free(exact);
}

static void play(struct tdm_packet_buffer *b, unsigned instants)
{
	struct tdm_packet_play out;
	int64_t error;

	for (unsigned i = 0; i < instants; i++) {
		now_ns += FRAME_NS;
		tdm_packet_buffer_play(b, now_ns, &out);
		volatile uint8_t sum = 0;
		for (int k = 0; out.payload != NULL && k < TDMOE_PAYLOAD_OCTETS; k++)
			sum = (uint8_t)(sum + out.payload[k]);
		tdm_packet_buffer_error(b, &error);
	}
	check(tdm_counter_get(&tdm_packet_buffer_stats(b)->target_ns) <= 10000000 + 2 * FRAME_NS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tdm_packet_buffer_conf conf = {FRAME_NS, TDMOE_PAYLOAD_OCTETS, 2000000, 10000000,
					      size % 2 == 1};
	struct input in = {data, size};
	struct tdm_packet_buffer *b;
	uint8_t frame[256];

	now_ns = 1000000000;
	if (tdm_packet_buffer_new(&b, &conf, now_ns) != 0)
		return 0;
	while (in.size > 0) {
		uint8_t head = take(&in);
		play(b, head & 0x0f);
		hear(b, frame, make_frame(&in, head >> 4, frame));
	}
	play(b, 300);
	tdm_packet_buffer_free(b);
	return 0;
}
