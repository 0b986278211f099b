/* wav.h - sound files: 8 kHz mono, 16-bit or mu-law WAV, or raw mu-law octets.
 *
 * Loading reads the whole file at once.  Recording writes through stdio's buffer and puts the
 * lengths right when it is closed; a file cut off by a crash can still be loaded.
 */
#ifndef PBX_WAV_H
#define PBX_WAV_H

#include <stddef.h>
#include <stdint.h>

/* *pcm is the caller's to free().  0, or -errno with *pcm = NULL; -EINVAL: not such a file, and
 * why (a lent string) in *why. */
int wav_load(int16_t **pcm, size_t *count, const char *path, const char **why);

struct wav_writer;
int wav_writer_open(struct wav_writer **out, const char *path);
void wav_writer_put(struct wav_writer *w, const int16_t *pcm, size_t count);
void wav_writer_close(struct wav_writer *w); /* NULL is legal */

#endif
