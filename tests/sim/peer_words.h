/* peer_words.h - a SIP message in the words of peer.h, as scripts expect it. */
#ifndef TESTS_SIM_PEER_WORDS_H
#define TESTS_SIM_PEER_WORDS_H

#include "tests/sim/siptext.h"
#include <stddef.h>

void peer_words(const struct siptext *s, char *words, size_t cap);

#endif
