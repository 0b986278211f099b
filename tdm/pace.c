/* pace.c - the packet clock.
 *
 * The error integrates the frequency difference (1 ppm = 1000 ns a second), so with proportional
 * gain Kp and integral gain Ki the loop is s^2 + Kp s + Ki.  Critical damping: Ki = Kp^2 / 4.  With
 * Kp = 0.2 a step of 50 ppm moves the buffer by 0.18 ms and is gone after a minute, and 0.1 ms of
 * residual jitter moves the rate by 20 ppm.
 */
#include "tdm/pace.h"

static const double gain_proportional = 0.2; /* ppb per ns = 1/s */
static const double gain_integral = 0.01;    /* 1/s^2 */

static double bounded(double ppb)
{
	if (ppb > TDM_PACE_PPB_MAX)
		return TDM_PACE_PPB_MAX;
	return ppb < -TDM_PACE_PPB_MAX ? -TDM_PACE_PPB_MAX : ppb;
}

void tdm_pace_init(struct tdm_pace *p, uint64_t interval_ns, uint64_t first_due_ns)
{
	*p = (struct tdm_pace){.due_ns = first_due_ns, .interval_ns = (double)interval_ns};
}

static void advance(struct tdm_pace *p, double ns)
{
	double whole = ns + p->fraction_ns;
	uint64_t floor_ns = (uint64_t)whole;

	p->due_ns += floor_ns;
	p->fraction_ns = whole - (double)floor_ns;
}

void tdm_pace_step(struct tdm_pace *p)
{
	advance(p, p->interval_ns * (1.0 - p->applied_ppb * 1e-9));
}

void tdm_pace_skip(struct tdm_pace *p, uint64_t intervals)
{
	advance(p, (double)intervals * p->interval_ns);
}

void tdm_pace_discipline(struct tdm_pace *p, int64_t error_ns, unsigned over_ms)
{
	double error = (double)error_ns;

	p->offset_ppb = bounded(p->offset_ppb + gain_integral * error * over_ms / 1000.0);
	p->applied_ppb = bounded(p->offset_ppb + gain_proportional * error);
}
