/* analyse.h - the phone's ear and mouth on files: judges a recording, writes a test signal. */
#ifndef PBX_ANALYSE_H
#define PBX_ANALYSE_H

#include "tests/pbx/signal.h"
#include <stdbool.h>

/* JSON to standard output.  expect_hz: 0 = any tone, else "ok" in the answer says whether that tone
 * was the one heard, without a fault.  0, 1 (not as expected) or 2 (no such file). */
int analyse_file(const char *path, double expect_hz);

/* Writes seconds of the signal; .ulaw or .ul = raw mu-law, else WAV.  0 or 2. */
int analyse_make(const char *path, const struct signal_conf *conf, const char *digits,
		 double seconds);

#endif
