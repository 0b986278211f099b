/* probe.h - `tandem probe`: finds out what is at the other end of a span.  Runs instead of the
 * gateway, on the calling thread. */
#ifndef GATEWAY_PROBE_H
#define GATEWAY_PROBE_H

/* argv[0] is "probe".  Exit status: 0 found, 1 not found, 2 usage. */
int probe_main(int argc, char **argv);

#endif
