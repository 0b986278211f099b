/* A pseudowire peer that sends anything at any time: the parser, and behind it the jitter buffer.
 *
 * Input: records of one octet, how many packet intervals pass before it (low 4 bits), and how much
 * of the rest is the packet: 0 = all that is left, else that many octets times 4 (high 4 bits). */
#include "tdm/cesopsn.h"
#include "tdm/packet_buffer.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAYLOAD = 24, PACKET_NS = 125000 };

static uint64_t now_ns;

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* What parses is encoded back to something that parses to the same. */
static void round_trip(const struct cesopsn_packet *p)
{
	uint8_t out[CESOPSN_PACKET_MAX];
	struct cesopsn_packet q;

	size_t octets = cesopsn_encode(out, p);
	check(cesopsn_parse(&q, out, octets, PAYLOAD));
	check(q.flags == p->flags && q.sequence == p->sequence);
	check(q.rtp.present == p->rtp.present && (q.payload == NULL) == (p->payload == NULL));
	check(p->payload == NULL || memcmp(p->payload, q.payload, PAYLOAD) == 0);
}

static void play(struct tdm_packet_buffer *b, unsigned instants)
{
	struct tdm_packet_play out;
	int64_t error;

	for (unsigned i = 0; i < instants; i++) {
		now_ns += PACKET_NS;
		tdm_packet_buffer_play(b, now_ns, &out);
		volatile uint8_t sum = 0;
		for (int k = 0; out.payload != NULL && k < PAYLOAD; k++)
			sum = (uint8_t)(sum + out.payload[k]);
		tdm_packet_buffer_error(b, &error);
	}
	check(tdm_counter_get(&tdm_packet_buffer_stats(b)->target_ns) <= 10000000 + 2 * PACKET_NS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tdm_packet_buffer_conf conf = {PACKET_NS, PAYLOAD, 2000000, 10000000, size % 2 == 1};
	struct tdm_packet_buffer *b;

	now_ns = 1000000000;
	if (tdm_packet_buffer_new(&b, &conf, now_ns) != 0)
		return 0;
	while (size > 0) {
		unsigned instants = data[0] & 0x0f;
		size_t octets = (size_t)(data[0] >> 4) * 4;
		data++;
		size--;
		if (octets == 0 || octets > size)
			octets = size;
		play(b, instants * instants);
		uint8_t *exact = malloc(octets > 0 ? octets : 1);
		struct cesopsn_packet p;
		check(exact != NULL);
		memcpy(exact, data, octets);
		if (cesopsn_parse(&p, exact, octets, PAYLOAD)) {
			round_trip(&p);
			tdm_packet_buffer_put(b, p.sequence, now_ns - instants * 1000u, p.flags,
					      p.payload);
		}
		free(exact);
		data += octets;
		size -= octets;
	}
	play(b, 300);
	tdm_packet_buffer_free(b);
	return 0;
}
