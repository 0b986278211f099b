#include "tdm/dahdi_status.h"
#include "tdm/span.h"

unsigned dahdi_status_alarms(uint32_t driver_alarms)
{
	/* A span that was not started receives nothing either; some drivers name the cause of a
	 * red alarm without the alarm itself. */
	const uint32_t red = DAHDI_ABI_ALARM_RED | DAHDI_ABI_ALARM_NOTOPEN | DAHDI_ABI_ALARM_LOS |
			     DAHDI_ABI_ALARM_LFA | DAHDI_ABI_ALARM_LMFA;
	unsigned alarms = 0;

	if (driver_alarms & red)
		alarms |= TDM_ALARM_RED;
	if (driver_alarms & DAHDI_ABI_ALARM_YELLOW)
		alarms |= TDM_ALARM_YELLOW;
	if (driver_alarms & DAHDI_ABI_ALARM_BLUE)
		alarms |= TDM_ALARM_BLUE;
	if (driver_alarms & DAHDI_ABI_ALARM_LOOPBACK)
		alarms |= TDM_ALARM_LOOP;
	if (driver_alarms & DAHDI_ABI_ALARM_RECOVER)
		alarms |= TDM_ALARM_RECOVERING;
	return alarms;
}

static uint32_t max(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* Drivers count bipolar violations as bpv or as cv, and framing errors as fas or as fe; none does
 * both, and none has both kinds of line. */
static uint32_t bpv(const struct dahdi_abi_span *s)
{
	return max((uint32_t)s->bpv, s->cv);
}

static uint32_t framing(const struct dahdi_abi_span *s)
{
	return max((uint32_t)s->fas, s->fe);
}

void dahdi_errors_begin(struct dahdi_errors *e, const struct dahdi_abi_span *s)
{
	e->bpv_seen = bpv(s);
	e->crc_seen = (uint32_t)s->crc4;
	e->framing_seen = framing(s);
}

static void count(_Atomic uint64_t *counter, uint32_t *seen, uint32_t now)
{
	tdm_counter_add(counter, now >= *seen ? now - *seen : now);
	*seen = now;
}

void dahdi_errors_count(struct dahdi_errors *e, const struct dahdi_abi_span *s)
{
	count(&e->bpv, &e->bpv_seen, bpv(s));
	count(&e->crc, &e->crc_seen, (uint32_t)s->crc4);
	count(&e->framing, &e->framing_seen, framing(s));
}
