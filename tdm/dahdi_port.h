/* dahdi_port.h - one span of the driver, configured and with all its channels open.
 *
 * A span that nobody has configured is configured here, and shut down when it is closed.  One that
 * dahdi_cfg has configured is taken as it is where that fits, and refused where it does not.
 * Dynamic spans know neither framing nor coding and take whatever is asked.
 *
 * Not on a media worker: opening and closing may wait for the card.
 */
#ifndef TDM_DAHDI_PORT_H
#define TDM_DAHDI_PORT_H

#include "tdm/dahdi_canceller.h"
#include "tdm/dahdi_driver.h"
#include "tdm/span.h"
#include <stdbool.h>

enum { DAHDI_PORT_TEXT_MAX = 256 };

struct dahdi_port {
	const struct dahdi_driver *driver;
	int number; /* of the span */
	bool configured;             /* by us, so ours to shut down */
	int fd[TDM_SLOTS + 1];       /* of the channels; 0 unused */
	unsigned buffers;            /* of a tick, for each bearer channel and direction */
	struct dahdi_canceller canceller;
	char text[DAHDI_PORT_TEXT_MAX]; /* which span this is and who configured it */
};

/* 0, or -errno with *p closed and what is wrong, and what to do about it, in err. */
int dahdi_port_open(struct dahdi_port *p, const struct dahdi_driver *driver,
		    const struct tdm_span_conf *conf, char *err, size_t err_size);

/* gone: the span is not there any more, so that its number may be another's by now. */
void dahdi_port_close(struct dahdi_port *p, bool gone);

/* In words, what dahdi_port_open() would find; changes nothing. */
int dahdi_port_look(const struct dahdi_driver *driver, const struct tdm_span_conf *conf, char *text,
		    size_t text_size);

#endif
