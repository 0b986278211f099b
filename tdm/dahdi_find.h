/* dahdi_find.h - which of the driver's spans is meant, and what there is where it is not there.
 *
 * Any thread but a media worker's: the driver may make the caller wait while cards come or go.
 */
#ifndef TDM_DAHDI_FIND_H
#define TDM_DAHDI_FIND_H

#include "tdm/dahdi_abi.h"
#include "tdm/dahdi_driver.h"
#include "tdm/span.h"

struct dahdi_found {
	struct dahdi_abi_span span;
	unsigned position;                         /* on its card, from 1 */
	struct dahdi_abi_params slot[TDM_SLOTS + 1]; /* the channels; 0 unused */
};

/* Opens the driver's control device.  fd, or -errno with what to do in err. */
int dahdi_control_open(const struct dahdi_driver *driver, char *err, size_t err_size);

/* card: name, location or number; "" = the only T1.  0, or -errno with what there is in err. */
int dahdi_find(struct dahdi_found *out, const struct dahdi_driver *driver, int control,
	       const char *card, char *err, size_t err_size);

#endif
