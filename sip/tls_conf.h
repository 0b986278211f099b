/* tls_conf.h - the files TLS works with, as configured.  Plain values. */
#ifndef SIP_TLS_CONF_H
#define SIP_TLS_CONF_H

#include <stdbool.h>

enum { SIP_PATH_MAX = 256 };

struct sip_tls_conf {
	char certificate[SIP_PATH_MAX]; /* PEM: ours, then those between it and its root; "" = none */
	char key[SIP_PATH_MAX];         /* PEM */
	char ca[SIP_PATH_MAX];          /* PEM: whom we believe; "" = the system's */
	bool verify_client;             /* a client without a good certificate is refused */
};

#endif
