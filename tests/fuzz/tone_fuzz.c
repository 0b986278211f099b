/* Any text as a tone: what can be read is played for two seconds and listened to; its samples stay
 * within what mu-law has, and a repeating tone never ends. */
#include "tdm/tone_listener.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[512], why[64];
	struct tone t = {0};
	struct tone_player p = {0};
	struct tone_set set = {0};
	struct tone_listener l;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (tone_parse(&t, text, why, sizeof(why)) != 0) {
		if (t.parts != 0)
			abort();
		return 0;
	}
	if (t.parts == 0 || t.repeat_from > t.parts)
		abort();
	set.tone[TONE_BUSY] = t;
	tone_listener_init(&l, &set);
	tone_player_set(&p, &t);
	for (unsigned tick = 0; tick < 200; tick++) {
		uint8_t ulaw[TONE_TICK];
		memset(ulaw, 0xff, sizeof(ulaw));
		if (!tone_player_run(&p, ulaw))
			abort();
		if (p.now.at >= t.parts && t.repeat_from < t.parts)
			abort();
		if (tone_listener_run(&l, ulaw) == TONE_CONGESTION)
			abort();
	}
	tone_player_set(&p, NULL);
	uint8_t ulaw[TONE_TICK] = {0};
	if (!tone_player_run(&p, ulaw) || tone_player_run(&p, ulaw))
		abort();
	return 0;
}
