/* dahdi_status.h - what the driver says of the line, in our terms.  Plain data; any thread. */
#ifndef TDM_DAHDI_STATUS_H
#define TDM_DAHDI_STATUS_H

#include "tdm/counter.h"
#include "tdm/dahdi_abi.h"

/* The card's counts of errors, since open: ours go on where the driver's begin anew. */
struct dahdi_errors {
	uint32_t bpv_seen, crc_seen, framing_seen;
	_Atomic uint64_t bpv, crc, framing;
};

unsigned dahdi_status_alarms(uint32_t driver_alarms); /* enum tdm_alarm bits */

/* What the driver counts now is where counting begins. */
void dahdi_errors_begin(struct dahdi_errors *e, const struct dahdi_abi_span *s);
void dahdi_errors_count(struct dahdi_errors *e, const struct dahdi_abi_span *s);

#endif
