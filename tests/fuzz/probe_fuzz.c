/* What a probe makes of any octets: frames for its judge and its layer 2, and the same octets as
 * those of a slot.
 *
 * Input: the first octet's lowest bit is the side we play; then frames, each after an octet that is
 * its length. */
#include "gateway/probe_judge.h"
#include "gateway/probe_lapd.h"
#include "tdm/flag_finder.h"
#include "tdm/span.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* What we send is LAPD, from our side, and short enough for a D-channel. */
static void on_send(void *arg, const uint8_t *frame, size_t len)
{
	const bool *network = arg;
	struct probe_judge j = {0};

	check(len >= 3 && len <= TDM_FRAME_MAX);
	probe_judge_frame(&j, frame, len);
	check(j.frames == 1);
	if ((frame[2] & 3) != 1) /* an answer to a poll would be taken for a poll */
		check(probe_judge_side(&j) == (*network ? PROBE_SIDE_NETWORK : PROBE_SIDE_USER));
}

static void judge(const struct probe_judge *j)
{
	char text[64];
	unsigned switches = probe_judge_switches(j), signs = 0;
	enum isup_switch first = probe_judge_first(switches);

	check(switches < 1u << PROBE_SWITCHES);
	check(switches == 0 || (switches >> first & 1) != 0);
	check(strlen(probe_judge_verdict(switches, text, sizeof(text))) < sizeof(text));
	check(probe_switch_name(first) != NULL);
	for (unsigned n = 0; n < PROBE_SIGNS; n++)
		signs += probe_judge_sign(j, n) != NULL;
	check(signs == 0 || j->messages > 0);
	check((probe_judge_side(j) == PROBE_SIDE_BOTH) ==
	      (j->from_user != 0 && j->from_network != 0));
}

static void frames(const uint8_t *data, size_t size, bool network)
{
	struct probe_judge j = {0};
	struct probe_lapd l = {.network = network, .send = on_send, .arg = &network};

	while (size > 0) {
		size_t len = data[0] < size - 1 ? data[0] : size - 1;
		/* Of its own size, so that a sanitizer sees what is read behind it. */
		uint8_t *frame = malloc(len > 0 ? len : 1);
		if (frame == NULL)
			return;
		memcpy(frame, data + 1, len);
		unsigned before = j.from_user + j.from_network;
		probe_judge_frame(&j, frame, len);
		check(j.from_user + j.from_network <= before + 1);
		probe_lapd_frame(&l, frame, len);
		free(frame);
		data += 1 + len;
		size -= 1 + len;
	}
	judge(&j);
	probe_lapd_connect(&l);
	probe_lapd_disconnect(&l);
}

static void slot(const uint8_t *data, size_t size)
{
	struct tdm_flag_finder *f;
	struct tdm_slot_look look;
	uint8_t frame[TDM_FRAME_MAX];
	ssize_t len;

	if (tdm_flag_finder_new(&f) != 0)
		return;
	for (size_t at = 0; at < TDM_FINDER_WINDOW_OCTETS && size > 0; at += size)
		tdm_flag_finder_in(f, data, size);
	tdm_flag_finder_look(f, &look);
	check(look.kind <= TDM_SLOT_HDLC && (unsigned)look.form < TDM_HDLC_FORMS);
	check(look.kind != TDM_SLOT_HDLC || look.frames > 0);
	while ((len = tdm_flag_finder_recv(f, frame, sizeof(frame))) >= 0)
		check(len >= 3 && (frame[0] & 1) == 0 && (frame[1] & 1) == 1);
	tdm_flag_finder_free(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	if (data[0] & 2)
		slot(data + 1, size - 1);
	else
		frames(data + 1, size - 1, (data[0] & 1) != 0);
	return 0;
}
