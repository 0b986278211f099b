/* explain.h - one D-channel frame for people, every element of it in words.
 *
 *       layer 2               SAPI 0, TEI 0, C/R 1, I, N(S) 3, N(R) 4
 *       call reference        5, sent by the side that chose it
 *       Bearer capability     speech, circuit, 64 kbit/s, G.711 mu-law
 *       Channel identification  slot 7, exclusive
 *
 * Q.921, Q.931, SERVICE (TR41449), facilities (Q.932, ECMA-165).  What is not known is shown in
 * hex.  Pure, any thread, any octets are legal.
 */
#ifndef ISUP_EXPLAIN_H
#define ISUP_EXPLAIN_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Lines, each with indent in front. */
void isup_frame_explain(FILE *out, const uint8_t *frame, size_t len, const char *indent);

#endif
