/* record.h - the one line each call leaves behind.  Signalling thread. */
#ifndef GATEWAY_RECORD_H
#define GATEWAY_RECORD_H

struct call;

/* Writes it to the log, area call, level info: who, where to, both causes, times, RTP counts. */
void record_write(const struct call *c, unsigned long now_ms);

/* A call that was refused before it existed. */
void record_refused(const char *from, const char *called, const char *calling, int q850_cause,
		    const char *why);

#endif
