#include "tests/pbx/hybrid.h"

#include "tests/pbx/pcm.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct hybrid {
	double taps[HYBRID_TAPS_MAX];
	unsigned tap_count;
	unsigned delay;  /* samples */
	size_t at, size; /* ring of heard samples: size >= delay + tap_count */
	int16_t ring[];
};

static const char *const shape_names[HYBRID_SHAPE_COUNT] = {"flat", "short", "long", "ringing",
							    "double"};

const char *hybrid_shape_name(enum hybrid_shape shape)
{
	return shape_names[shape];
}

int hybrid_shape_parse(const char *name, enum hybrid_shape *out)
{
	for (unsigned i = 0; i < HYBRID_SHAPE_COUNT; i++) {
		if (strcmp(name, shape_names[i]) == 0) {
			*out = (enum hybrid_shape)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* A damped oscillation that rises within rise taps and then dies away: what a loaded loop behind
 * a transformer looks like. */
static double wave(double k, double rise, double decay, double hz)
{
	if (k < 0)
		return 0;
	return (1 - exp(-k / rise)) * exp(-k / decay) *
	       cos(2 * M_PI * hz / PCM_RATE_HZ * (k - rise));
}

static unsigned shape_taps(enum hybrid_shape shape, double *taps)
{
	unsigned count = shape == HYBRID_FLAT ? 1 : shape == HYBRID_SHORT ? 48 : 96;

	for (unsigned k = 0; k < count; k++) {
		switch (shape) {
		case HYBRID_SHORT:
			taps[k] = wave(k, 0.8, 2.5, 1200) - 0.5 * wave(k - 4.0, 0.8, 3, 2200);
			break;
		case HYBRID_LONG:
			taps[k] = wave(k, 0.8, 2.5, 1000) - 0.6 * wave(k - 8.0, 1, 5, 1900) +
				  0.4 * wave(k - 20.0, 1.5, 8, 700) -
				  0.3 * wave(k - 35.0, 2, 12, 2600) +
				  0.2 * wave(k - 50.0, 2, 14, 1500);
			break;
		case HYBRID_RINGING:
			taps[k] = wave(k, 0.8, 2.5, 1100) + 0.35 * wave(k - 2.0, 1, 25, 1700) -
				  0.3 * wave(k - 2.0, 1, 25, 600) +
				  0.25 * wave(k - 3.0, 1, 25, 2700);
			break;
		case HYBRID_DOUBLE:
			taps[k] = wave(k, 0.8, 2.5, 1200) - 0.6 * wave(k - 45.0, 0.8, 3.5, 1500);
			break;
		default: taps[k] = 1; break;
		}
	}
	return count;
}

int hybrid_new(struct hybrid **out, const struct hybrid_conf *conf)
{
	*out = NULL;
	if (conf->delay_ms > HYBRID_DELAY_MS_MAX || conf->tap_count > HYBRID_TAPS_MAX)
		return -EINVAL;
	unsigned delay = conf->delay_ms * PCM_RATE_HZ / 1000;
	size_t size = delay + HYBRID_TAPS_MAX;
	struct hybrid *h = calloc(1, sizeof *h + size * sizeof h->ring[0]);
	if (h == NULL)
		return -ENOMEM;
	h->delay = delay;
	h->size = size;
	h->tap_count = conf->tap_count;
	if (conf->tap_count > 0)
		memcpy(h->taps, conf->taps, conf->tap_count * sizeof conf->taps[0]);
	else
		h->tap_count = shape_taps(conf->shape, h->taps);
	double energy = 0;
	for (unsigned k = 0; k < h->tap_count; k++)
		energy += h->taps[k] * h->taps[k];
	if (energy <= 0) {
		free(h);
		return -EINVAL;
	}
	double scale = pow(10, -conf->erl_db / 20) / sqrt(energy);
	for (unsigned k = 0; k < h->tap_count; k++)
		h->taps[k] *= scale;
	*out = h;
	return 0;
}

void hybrid_free(struct hybrid *h)
{
	free(h);
}

void hybrid_run(struct hybrid *h, const int16_t *heard, int16_t *echo, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		h->ring[h->at] = heard[i];
		size_t from = (h->at + h->size - h->delay) % h->size;
		double sum = 0;
		for (unsigned k = 0; k < h->tap_count; k++) {
			sum += h->taps[k] * h->ring[from];
			from = from == 0 ? h->size - 1 : from - 1;
		}
		echo[i] = pcm_clip(sum);
		h->at = h->at + 1 == h->size ? 0 : h->at + 1;
	}
}
