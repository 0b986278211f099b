/* Any bits on the D-channel; and what HDLC sends, it receives, whatever came before.
 *
 * Input: the first octet is the size of the pieces in which the line hands over the rest. */
#include "tdm/hdlc.h"
#include "tdm/span.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void fetch_all(struct tdm_hdlc *h)
{
	uint8_t frame[TDM_FRAME_MAX];
	ssize_t n;

	while ((n = tdm_hdlc_recv(h, frame, sizeof(frame))) >= 0)
		check(n >= 3 && n <= TDM_FRAME_MAX);
	check(n == -EAGAIN);
}

/* The input's own octets as a frame, over whatever state the input left the receiver in. */
static void cross(struct tdm_hdlc *h, const uint8_t *data, size_t size)
{
	uint8_t line[2 * TDM_FRAME_MAX], frame[TDM_FRAME_MAX];
	size_t len = size < TDM_FRAME_MAX ? size : TDM_FRAME_MAX;
	struct tdm_hdlc *far;

	if (len < 3 || tdm_hdlc_new(&far) != 0)
		return;
	tdm_hdlc_line_out(far, line, 4); /* flags: the frame before ends here */
	tdm_hdlc_line_in(h, line, 4);
	fetch_all(h);
	check(tdm_hdlc_send(far, data, len) == 0);
	tdm_hdlc_line_out(far, line, sizeof(line));
	tdm_hdlc_line_in(h, line, sizeof(line));
	check(tdm_hdlc_recv(h, frame, sizeof(frame)) == (ssize_t)len);
	check(memcmp(frame, data, len) == 0);
	check(tdm_hdlc_recv(h, frame, sizeof(frame)) == -EAGAIN);
	tdm_hdlc_free(far);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tdm_hdlc *h;

	if (size < 1 || tdm_hdlc_new(&h) != 0)
		return 0;
	size_t piece = data[0] > 0 ? data[0] : 1;
	data++;
	size--;
	for (size_t at = 0; at < size; at += piece) {
		tdm_hdlc_line_in(h, data + at, piece < size - at ? piece : size - at);
		if (at % 3 != 0)
			fetch_all(h);
	}
	cross(h, data, size);
	tdm_hdlc_free(h);
	return 0;
}
