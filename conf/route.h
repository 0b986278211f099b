/* route.h - `tandem --route NUMBER`: where a call would go, and by which rule. */
#ifndef CONF_ROUTE_H
#define CONF_ROUTE_H

#include "conf/conf.h"
#include <stdio.h>

enum {                           /* exit status of tandem --route */
       ROUTE_FOUND = 0,          /* the call goes to a trunk or peer */
       ROUTE_REFUSED = 1,        /* a rule rejects it, none matches, or digits are missing */
       ROUTE_NO_SUCH_SOURCE = 2, /* from names nothing in the configuration */
};

/* Prints a line for a call to number from the trunk, trunk group or peer from:
 *   from pbx: 7134 goes to cs as 7134, caller 7101: tandem.conf:31: rule "7134 to the proxy"
 * from NULL: a line for each trunk and each peer, and the status is ROUTE_FOUND when any of them
 * gets through.  caller NULL: unknown. */
int route_print(const struct conf *c, const char *number, const char *from, const char *caller,
		FILE *to);

#endif
