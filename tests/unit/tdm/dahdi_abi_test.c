/* Our numbers and layouts of the driver's interface against the driver's own header, where the
 * package dahdi-source has put it. */
#include "tdm/dahdi_abi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#if __has_include(<dahdi/user.h>)
#include <dahdi/user.h>

#define SAME(ours, theirs) assert_int_equal((unsigned long)(ours), (unsigned long)(theirs))
#define PLACE(o, om, t, tm)                                                                        \
	do {                                                                                       \
		SAME(offsetof(o, om), offsetof(t, tm));                                            \
		SAME(sizeof(((o *)0)->om), sizeof(((t *)0)->tm));                                  \
	} while (0)

static void operations(void **state)
{
	(void)state;
	SAME(DAHDI_ABI_FLUSH, DAHDI_FLUSH);
	SAME(DAHDI_ABI_GET_PARAMS, DAHDI_GET_PARAMS);
	SAME(DAHDI_ABI_GETEVENT, DAHDI_GETEVENT);
	SAME(DAHDI_ABI_SPANSTAT, DAHDI_SPANSTAT);
	SAME(DAHDI_ABI_MAINT, DAHDI_MAINT);
	SAME(DAHDI_ABI_SPANCONFIG, DAHDI_SPANCONFIG);
	SAME(DAHDI_ABI_CHANCONFIG, DAHDI_CHANCONFIG);
	SAME(DAHDI_ABI_SET_BUFINFO, DAHDI_SET_BUFINFO);
	SAME(DAHDI_ABI_HDLCFCSMODE, DAHDI_HDLCFCSMODE);
	SAME(DAHDI_ABI_SPECIFY, DAHDI_SPECIFY);
	SAME(DAHDI_ABI_STARTUP, DAHDI_STARTUP);
	SAME(DAHDI_ABI_AUDIOMODE, DAHDI_AUDIOMODE);
	SAME(DAHDI_ABI_ECHOCANCEL_PARAMS, DAHDI_ECHOCANCEL_PARAMS);
	SAME(DAHDI_ABI_ATTACH_ECHOCAN, DAHDI_ATTACH_ECHOCAN);
	SAME(DAHDI_ABI_SHUTDOWN, DAHDI_SHUTDOWN);
	SAME(DAHDI_ABI_BUFFER_EVENTS, DAHDI_BUFFER_EVENTS);
}

static void numbers(void **state)
{
	(void)state;
	SAME(DAHDI_ABI_SPANS_MAX, DAHDI_MAX_SPANS);
	SAME(DAHDI_ABI_CHANNELS_MAX, DAHDI_MAX_CHANNELS);
	SAME(DAHDI_ABI_EVENTS_MAX, DAHDI_MAX_EVENTSIZE);
	SAME(DAHDI_ABI_BUFFERS_MAX, DAHDI_MAX_NUM_BUFS);
	SAME(DAHDI_ABI_ELAST, ELAST);
	SAME(DAHDI_ABI_D4, DAHDI_CONFIG_D4);
	SAME(DAHDI_ABI_ESF, DAHDI_CONFIG_ESF);
	SAME(DAHDI_ABI_AMI, DAHDI_CONFIG_AMI);
	SAME(DAHDI_ABI_B8ZS, DAHDI_CONFIG_B8ZS);
	SAME(DAHDI_ABI_SIG_CLEAR, DAHDI_SIG_CLEAR);
	SAME(DAHDI_ABI_SIG_HDLCFCS, DAHDI_SIG_HDLCFCS);
	SAME(DAHDI_ABI_SIG_HARDHDLC, DAHDI_SIG_HARDHDLC);
	SAME(DAHDI_ABI_MULAW, DAHDI_LAW_MULAW);
	SAME(DAHDI_ABI_POLICY_IMMEDIATE, DAHDI_POLICY_IMMEDIATE);
	SAME(DAHDI_ABI_FLUSH_ALL, DAHDI_FLUSH_ALL);
	SAME(DAHDI_ABI_ALARM_RECOVER, DAHDI_ALARM_RECOVER);
	SAME(DAHDI_ABI_ALARM_LOOPBACK, DAHDI_ALARM_LOOPBACK);
	SAME(DAHDI_ABI_ALARM_YELLOW, DAHDI_ALARM_YELLOW);
	SAME(DAHDI_ABI_ALARM_RED, DAHDI_ALARM_RED);
	SAME(DAHDI_ABI_ALARM_BLUE, DAHDI_ALARM_BLUE);
	SAME(DAHDI_ABI_ALARM_NOTOPEN, DAHDI_ALARM_NOTOPEN);
	SAME(DAHDI_ABI_ALARM_LOS, DAHDI_ALARM_LOS);
	SAME(DAHDI_ABI_ALARM_LFA, DAHDI_ALARM_LFA);
	SAME(DAHDI_ABI_ALARM_LMFA, DAHDI_ALARM_LMFA);
	SAME(DAHDI_ABI_EVENT_ALARM, DAHDI_EVENT_ALARM);
	SAME(DAHDI_ABI_EVENT_NOALARM, DAHDI_EVENT_NOALARM);
	SAME(DAHDI_ABI_EVENT_ABORT, DAHDI_EVENT_ABORT);
	SAME(DAHDI_ABI_EVENT_OVERRUN, DAHDI_EVENT_OVERRUN);
	SAME(DAHDI_ABI_EVENT_BADFCS, DAHDI_EVENT_BADFCS);
	SAME(DAHDI_ABI_EVENT_REMOVED, DAHDI_EVENT_REMOVED);
	SAME(DAHDI_ABI_EVENT_READ_OVERRUN, DAHDI_EVENT_READ_OVERRUN);
	SAME(DAHDI_ABI_EVENT_WRITE_UNDERRUN, DAHDI_EVENT_WRITE_UNDERRUN);
	SAME(DAHDI_ABI_MAINT_LOCAL_LOOP, DAHDI_MAINT_LOCALLOOP);
	SAME(DAHDI_ABI_MAINT_NETWORK_LINE_LOOP, DAHDI_MAINT_NETWORKLINELOOP);
}

static void layouts(void **state)
{
	(void)state;
#define SPAN(o, t) PLACE(struct dahdi_abi_span, o, struct dahdi_spaninfo, t)
	SAME(sizeof(struct dahdi_abi_span), sizeof(struct dahdi_spaninfo));
	SPAN(number, spanno);
	SPAN(name, name);
	SPAN(description, desc);
	SPAN(alarms, alarms);
	SPAN(bpv, bpvcount);
	SPAN(crc4, crc4count);
	SPAN(fas, fascount);
	SPAN(fe, fecount);
	SPAN(cv, cvcount);
	SPAN(be, becount);
	SPAN(irq_misses, irqmisses);
	SPAN(sync_source, syncsrc);
	SPAN(channels_configured, numchans);
	SPAN(channels, totalchans);
	SPAN(spans, totalspans);
	SPAN(build_out, lbo);
	SPAN(lineconfig, lineconfig);
	SPAN(location, location);
	SPAN(device_type, devicetype);
	SPAN(linecompat, linecompat);
	SPAN(type, spantype);
#define LINE(o, t) PLACE(struct dahdi_abi_line, o, struct dahdi_lineconfig, t)
	SAME(sizeof(struct dahdi_abi_line), sizeof(struct dahdi_lineconfig));
	LINE(span, span);
	LINE(build_out, lbo);
	LINE(lineconfig, lineconfig);
	LINE(sync, sync);
#define CHANNEL(o, t) PLACE(struct dahdi_abi_channel, o, struct dahdi_chanconfig, t)
	SAME(sizeof(struct dahdi_abi_channel), sizeof(struct dahdi_chanconfig));
	CHANNEL(channel, chan);
	CHANNEL(sigtype, sigtype);
	CHANNEL(law, deflaw);
	CHANNEL(netdev_name, netdev_name);
#define PARAMS(o, t) PLACE(struct dahdi_abi_params, o, struct dahdi_params, t)
	SAME(sizeof(struct dahdi_abi_params), sizeof(struct dahdi_params));
	PARAMS(channel, channo);
	PARAMS(span, spanno);
	PARAMS(position, chanpos);
	PARAMS(sigtype, sigtype);
	PARAMS(sigcap, sigcap);
	PARAMS(name, name);
	PARAMS(alarms, chan_alarms);
#define BUFFERS(o, t) PLACE(struct dahdi_abi_buffers, o, struct dahdi_bufferinfo, t)
	SAME(sizeof(struct dahdi_abi_buffers), sizeof(struct dahdi_bufferinfo));
	BUFFERS(tx_policy, txbufpolicy);
	BUFFERS(count, numbufs);
	BUFFERS(octets, bufsize);
	PLACE(struct dahdi_abi_canceller, channel, struct dahdi_attach_echocan, chan);
	PLACE(struct dahdi_abi_canceller, name, struct dahdi_attach_echocan, echocan);
	PLACE(struct dahdi_abi_canceller_params, taps, struct dahdi_echocanparams, tap_length);
	PLACE(struct dahdi_abi_maint, span, struct dahdi_maintinfo, spanno);
	PLACE(struct dahdi_abi_maint, command, struct dahdi_maintinfo, command);
}
#else
static void skipped(void **state)
{
	(void)state;
	skip();
}
#define operations skipped
#define numbers    skipped
#define layouts    skipped
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operations),
		cmocka_unit_test(numbers),
		cmocka_unit_test(layouts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
