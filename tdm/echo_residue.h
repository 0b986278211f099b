/* echo_residue.h - inside the echo canceller (echo.c): what subtraction leaves of the echo is
 * replaced by noise like the near end's (G.168: the non-linear processor). */
#ifndef TDM_ECHO_RESIDUE_H
#define TDM_ECHO_RESIDUE_H

#include "tdm/echo_kernel.h"
#include <stdbool.h>
#include <stdint.h>

struct echo_residue {
	_Alignas(ECHO_ALIGN) float last[ECHO_BINS]; /* of what came in, windowed */
	float noise[ECHO_BINS];  /* power of each bin of the near end's noise */
	float tail[ECHO_BINS];   /* of the noise made, for the next block */
	float floor;             /* energy of a block of noise */
	float leak;              /* of the echo that is left */
	float echo;              /* energy lately subtracted */
	float open;              /* 1 = everything goes through, 0 = noise */
	unsigned hold, known;    /* blocks: still open; of noise heard */
	uint32_t seed;
};

struct echo_residue_block {
	float far_peak; /* energy of the loudest block whose echo may be heard */
	float echo, left; /* energy subtracted, and after that */
	bool learned; /* the echo's estimate can be relied on */
	bool pass;    /* all of it goes through */
};

void echo_residue_init(struct echo_residue *r);
/* samples: what is left, replaced in place. */
void echo_residue_run(struct echo_residue *r, float *samples, const struct echo_residue_block *b);

#endif
