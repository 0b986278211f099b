/* music.h - what somebody on hold hears, as mu-law octets that repeat: a file, or a tone.
 *
 * Files: raw mu-law octets, or WAV of 8 kHz, one channel, 16-bit linear or mu-law.  All of it is in
 * memory before anybody listens, so that a media worker only copies.
 *
 * Threads: made and freed on the signalling thread, when no player has it; a player belongs to the
 * media worker that runs its path.
 */
#ifndef TDM_MUSIC_H
#define TDM_MUSIC_H

#include "tdm/span.h"
#include <stddef.h>
#include <stdint.h>

enum { MUSIC_OCTETS_MAX = 8000 * 600 }; /* ten minutes; a longer file is refused */

struct music {
	size_t len; /* octets, at least one tick */
	uint8_t octets[];
};

/* 0, or -errno with why (a lent string): -EINVAL not such a file, -EFBIG too long. */
int music_load(struct music **out, const char *path, const char **why);
/* A short soft tone every few seconds: the line lives.  0 or -ENOMEM. */
int music_tone(struct music **out);
void music_free(struct music *m);

/* --- media --- */

struct music_player {
	const struct music *music; /* lent; NULL = silence */
	size_t at;
};

/* The next tick.  Without music: idle. */
void music_play(struct music_player *p, uint8_t out[TDM_TICK_OCTETS]);

#endif
