#include "sip/conceal.h"

#include <string.h>

/* Why spandsp's PLC and not repeating with decay: repeating a fixed block buzzes at the block rate
 * and clicks at its joints; the PLC repeats whole pitch periods, joins them by overlap-add and is
 * silent after 50 ms.  Its cost is paid in a loss only: the state is primed from our own history
 * of octets when a hole begins, not fed with every good sample. */

enum { CHUNK = 80 };

void conceal_init(struct conceal *c)
{
	memset(c, 0, sizeof(*c));
	memset(c->history, 0xff, sizeof(c->history));
}

static void remember(struct conceal *c, const uint8_t *octets, size_t count)
{
	size_t keep;

	if (count > sizeof(c->history)) {
		octets += count - sizeof(c->history);
		count = sizeof(c->history);
	}
	keep = sizeof(c->history) - count;
	memmove(c->history, c->history + count, keep);
	memcpy(c->history + keep, octets, count);
}

static void fade_in(struct conceal *c, uint8_t *octets, size_t count)
{
	int16_t linear[CHUNK];

	for (size_t i = 0; i < count; i++)
		linear[i] = ulaw_to_linear(octets[i]);
	plc_rx(&c->plc, linear, (int)count);
	/* Where nothing was mixed in, the octet stays as it came: negative zero does not survive a
	 * round trip through linear. */
	for (size_t i = 0; i < count; i++)
		if (linear[i] != ulaw_to_linear(octets[i]))
			octets[i] = linear_to_ulaw(linear[i]);
}

void conceal_good(struct conceal *c, uint8_t *octets, size_t count)
{
	if (count == 0)
		return;
	if (c->active) {
		fade_in(c, octets, count < CHUNK ? count : CHUNK);
		c->active = false;
	}
	remember(c, octets, count);
}

static void prime(struct conceal *c)
{
	int16_t linear[PLC_HISTORY_LEN];

	for (size_t i = 0; i < PLC_HISTORY_LEN; i++)
		linear[i] = ulaw_to_linear(c->history[i]);
	plc_init(&c->plc);
	plc_rx(&c->plc, linear, PLC_HISTORY_LEN);
	c->active = true;
}

void conceal_fill(struct conceal *c, uint8_t *octets, size_t count)
{
	int16_t linear[CHUNK];

	if (count > 0 && !c->active)
		prime(c);
	while (count > 0) {
		size_t n = count < CHUNK ? count : CHUNK;

		plc_fillin(&c->plc, linear, (int)n);
		for (size_t i = 0; i < n; i++)
			octets[i] = linear_to_ulaw(linear[i]);
		remember(c, octets, n);
		octets += n;
		count -= n;
	}
}
