#include "tdm/bert.h"

#include "tdm/counter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	CONFIRM_BITS = 32,   /* a false sync is one in 2^32 tries */
	LOST_SHARE = 5,      /* a fifth of the bits wrong: a slip makes half of them so */
	QRSS_ZEROS = 0x3fff, /* the 14 bits that come next */
	SECOND_OCTETS = 8000,
};

/* A pattern is a register of so many stages.  The oldest stage, the highest bit, is what is sent;
 * so its bits are also the next ones to come, and so many received bits are a register. */
struct pattern {
	const char *name;
	unsigned stages;
	unsigned tap;  /* fed back with the last stage; 0 = the register goes round */
	uint32_t word; /* to start with */
	bool inverted, limits_zeros;
};

static const struct pattern patterns[BERT_PATTERNS] = {
	[BERT_QRSS] = {"qrss", 20, 17, 0xfffff, .limits_zeros = true},
	[BERT_2E15] = {"2e15", 15, 14, 0x7fff, .inverted = true},
	[BERT_2E11] = {"2e11", 11, 9, 0x7ff},
	[BERT_ONES] = {"ones", 8, 0, 0xff},
	[BERT_ZEROS] = {"zeros", 8, 0, 0x00},
	[BERT_1IN8] = {"1in8", 8, 0, 0x40},
	[BERT_3IN24] = {"3in24", 24, 0, 0x440004},
};

struct tdm_bert {
	const struct pattern *pattern;
	uint32_t tx, rx;
	unsigned loaded, confirmed; /* bits, while hunting */
	unsigned second_octets, second_errors;
	bool second_unsynced;
	_Atomic uint64_t sync, bits, errors, sync_losses;
	_Atomic uint64_t seconds, errored_seconds, unsynced_seconds;
};

/* --- the register --- */

static unsigned output(const struct pattern *p, uint32_t reg)
{
	unsigned bit = reg >> (p->stages - 1) & 1;

	if (p->limits_zeros && (reg >> (p->stages - 15) & QRSS_ZEROS) == 0)
		bit = 1;
	return bit ^ p->inverted;
}

static uint32_t step(const struct pattern *p, uint32_t reg)
{
	uint32_t bit = reg >> (p->stages - 1) & 1;

	if (p->tap != 0)
		bit ^= reg >> (p->tap - 1) & 1;
	return (reg << 1 | bit) & ((1u << p->stages) - 1);
}

/* Whether reg can occur.  A register of zeros would feed itself for ever, and a dead line would
 * look like the pattern. */
static bool is_possible(const struct pattern *p, uint32_t reg)
{
	uint32_t turned = p->word;

	if (p->tap != 0)
		return reg != 0;
	for (unsigned i = 0; i < p->stages; i++, turned = step(p, turned))
		if (turned == reg)
			return true;
	return false;
}

/* --- receiving --- */

static void hunt_again(struct tdm_bert *b)
{
	b->rx = 0;
	b->loaded = b->confirmed = 0;
}

static void hunt(struct tdm_bert *b, unsigned bit)
{
	const struct pattern *p = b->pattern;

	if (b->loaded < p->stages) {
		b->rx = b->rx << 1 | (bit ^ p->inverted);
		if (++b->loaded < p->stages)
			return;
		if (!is_possible(p, b->rx)) {
			hunt_again(b);
			return;
		}
		for (unsigned i = 0; i < p->stages; i++)
			b->rx = step(p, b->rx);
		return;
	}
	if (output(p, b->rx) != bit) {
		hunt_again(b);
		return;
	}
	b->rx = step(p, b->rx);
	if (++b->confirmed == CONFIRM_BITS)
		atomic_store_explicit(&b->sync, 1, memory_order_relaxed);
}

static void end_second(struct tdm_bert *b)
{
	tdm_counter_add(&b->seconds, 1);
	if (b->second_unsynced)
		tdm_counter_add(&b->unsynced_seconds, 1);
	else if (b->second_errors > 0)
		tdm_counter_add(&b->errored_seconds, 1);
	b->second_octets = b->second_errors = 0;
	b->second_unsynced = false;
}

void tdm_bert_receive(struct tdm_bert *b, const uint8_t *octets, size_t count)
{
	unsigned bits = 0, errors = 0;

	for (size_t i = 0; i < 8 * count; i++) {
		unsigned bit = octets[i / 8] >> (7 - i % 8) & 1;

		if (tdm_counter_get(&b->sync) == 0) {
			hunt(b, bit);
			b->second_unsynced = true;
			continue;
		}
		bits++;
		errors += output(b->pattern, b->rx) != bit;
		b->rx = step(b->pattern, b->rx);
	}
	if (errors > bits / LOST_SHARE) {
		tdm_counter_add(&b->sync_losses, 1);
		atomic_store_explicit(&b->sync, 0, memory_order_relaxed);
		b->second_unsynced = true;
		hunt_again(b);
	} else {
		tdm_counter_add(&b->bits, bits);
		tdm_counter_add(&b->errors, errors);
		b->second_errors += errors;
	}
	b->second_octets += (unsigned)count;
	if (b->second_octets >= SECOND_OCTETS)
		end_second(b);
}

/* --- the rest --- */

void tdm_bert_send(struct tdm_bert *b, uint8_t *octets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		unsigned octet = 0;

		for (unsigned bit = 0; bit < 8; bit++) {
			octet = octet << 1 | output(b->pattern, b->tx);
			b->tx = step(b->pattern, b->tx);
		}
		octets[i] = (uint8_t)octet;
	}
}

int tdm_bert_new(struct tdm_bert **out, enum tdm_bert_pattern pattern)
{
	struct tdm_bert *b = calloc(1, sizeof(*b));

	*out = b;
	if (b == NULL)
		return -ENOMEM;
	b->pattern = &patterns[pattern];
	b->tx = b->pattern->word;
	return 0;
}

void tdm_bert_free(struct tdm_bert *b)
{
	free(b);
}

void tdm_bert_counts(const struct tdm_bert *b, struct tdm_bert_counts *out)
{
	*out = (struct tdm_bert_counts){
		.sync = tdm_counter_get(&b->sync) != 0,
		.bits = tdm_counter_get(&b->bits),
		.errors = tdm_counter_get(&b->errors),
		.sync_losses = tdm_counter_get(&b->sync_losses),
		.seconds = tdm_counter_get(&b->seconds),
		.errored_seconds = tdm_counter_get(&b->errored_seconds),
		.unsynced_seconds = tdm_counter_get(&b->unsynced_seconds),
	};
}

const char *tdm_bert_pattern_name(enum tdm_bert_pattern p)
{
	return patterns[p].name;
}

bool tdm_bert_pattern_parse(const char *name, enum tdm_bert_pattern *out)
{
	for (unsigned i = 0; i < BERT_PATTERNS; i++)
		if (strcmp(patterns[i].name, name) == 0) {
			*out = (enum tdm_bert_pattern)i;
			return true;
		}
	return false;
}
