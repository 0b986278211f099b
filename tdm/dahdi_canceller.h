/* dahdi_canceller.h - echo cancellers that the driver runs on a span's channels: the card's own, or
 * one of the kernel's.  Not on a media worker: they allocate.
 */
#ifndef TDM_DAHDI_CANCELLER_H
#define TDM_DAHDI_CANCELLER_H

#include "tdm/dahdi_abi.h"
#include "tdm/dahdi_driver.h"
#include "tdm/span.h"

enum { DAHDI_CANCELLER_NAME_MAX = 16 };

struct dahdi_canceller {
	char name[DAHDI_CANCELLER_NAME_MAX]; /* "" = none, "HWEC" = the card's */
};

/* Attaches one to each of the channels (0: not that slot), which are open.  TDM_CANCELLER_AUTO: the
 * card's or none; TDM_CANCELLER_CARD: else the kernel's MG2; others: none. */
void dahdi_canceller_attach(struct dahdi_canceller *c, const struct dahdi_driver *driver,
			    int control, const int channel[TDM_SLOTS + 1],
			    const int fd[TDM_SLOTS + 1], enum tdm_canceller choice);

/* On an open channel that one is attached to.  0 or -errno. */
int dahdi_canceller_set(const struct dahdi_driver *driver, int fd, bool on);

#endif
