#ifndef GATEWAY_VERSION_H
#define GATEWAY_VERSION_H

#define TANDEM_VERSION "0.1.0"

#endif
