/* dtmf_gate.h - a cheap look at 10 ms: could a DTMF digit be in them?
 *
 * Looking for digits in everything that is said costs more than all else a call does, and there is
 * hardly ever one.  The gate is so wide that no digit the detector would report is kept from it, and
 * closes on silence, other tones and most speech.
 * Any thread; keeps no state.
 */
#ifndef TDM_DTMF_GATE_H
#define TDM_DTMF_GATE_H

#include <stdbool.h>
#include <stdint.h>

enum { DTMF_GATE_SAMPLES = 80 };

bool dtmf_gate_is_open(const int16_t samples[DTMF_GATE_SAMPLES]);

#endif
