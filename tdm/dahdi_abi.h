/* dahdi_abi.h - what we use of the DAHDI driver's interface to programs: numbers and layouts.
 *
 * They are the kernel's, as <dahdi/user.h> of dahdi-source 2.11.1 has them; the package that
 * carries that header wants a whole packaging tool chain, and only these few are needed.
 * tests/unit/tdm/dahdi_abi_test.c compares every one with the header where it is installed.  All
 * members are of fixed size, so that 32 and 64 bits agree.
 */
#ifndef TDM_DAHDI_ABI_H
#define TDM_DAHDI_ABI_H

#include <stdint.h>
#include <sys/ioctl.h>

#define DAHDI_ABI_CTL     "/dev/dahdi/ctl"
#define DAHDI_ABI_CHANNEL "/dev/dahdi/channel"

enum {
	DAHDI_ABI_SPANS_MAX = 128,
	DAHDI_ABI_CHANNELS_MAX = 1024,
	DAHDI_ABI_EVENTS_MAX = 64, /* queued for a channel */
	DAHDI_ABI_BUFFERS_MAX = 32,
	DAHDI_ABI_ELAST = 500, /* errno of read and write: an event waits */
};

/* Framing and coding of a span, in lineconfig and linecompat. */
enum {
	DAHDI_ABI_D4 = 1 << 4,
	DAHDI_ABI_ESF = 1 << 5,
	DAHDI_ABI_AMI = 1 << 6,
	DAHDI_ABI_B8ZS = 1 << 7,
};

/* What a channel is, in sigtype and sigcap. */
enum {
	DAHDI_ABI_SIG_NONE = 0,
	DAHDI_ABI_SIG_CLEAR = 1 << 7,
	DAHDI_ABI_SIG_HDLCFCS = 1 << 9 | 1 << 8 | DAHDI_ABI_SIG_CLEAR,
	DAHDI_ABI_SIG_HARDHDLC = 1 << 19 | DAHDI_ABI_SIG_CLEAR,
};

enum { DAHDI_ABI_MULAW = 1, DAHDI_ABI_POLICY_IMMEDIATE = 0 };
enum { DAHDI_ABI_FLUSH_ALL = 7 };

enum {
	DAHDI_ABI_ALARM_RECOVER = 1 << 0,
	DAHDI_ABI_ALARM_LOOPBACK = 1 << 1,
	DAHDI_ABI_ALARM_YELLOW = 1 << 2,
	DAHDI_ABI_ALARM_RED = 1 << 3,
	DAHDI_ABI_ALARM_BLUE = 1 << 4,
	DAHDI_ABI_ALARM_NOTOPEN = 1 << 5,
	DAHDI_ABI_ALARM_LOS = 1 << 8,
	DAHDI_ABI_ALARM_LFA = 1 << 9,
	DAHDI_ABI_ALARM_LMFA = 1 << 10,
};

enum {
	DAHDI_ABI_EVENT_NONE = 0,
	DAHDI_ABI_EVENT_ALARM = 4,
	DAHDI_ABI_EVENT_NOALARM = 5,
	DAHDI_ABI_EVENT_ABORT = 6,   /* HDLC: seven ones */
	DAHDI_ABI_EVENT_OVERRUN = 7, /* HDLC: longer than the buffer */
	DAHDI_ABI_EVENT_BADFCS = 8,
	DAHDI_ABI_EVENT_REMOVED = 20,
	DAHDI_ABI_EVENT_READ_OVERRUN = 29,
	DAHDI_ABI_EVENT_WRITE_UNDERRUN = 30,
};

enum {
	DAHDI_ABI_MAINT_NONE = 0,
	DAHDI_ABI_MAINT_LOCAL_LOOP = 1,
	DAHDI_ABI_MAINT_NETWORK_LINE_LOOP = 2,
};

struct dahdi_abi_span {
	int32_t number;
	char name[20], description[40];
	int32_t alarms, tx_level, rx_level;
	int32_t bpv, crc4, ebit, fas; /* counts of errors: which of these a driver keeps differs */
	uint32_t fe, cv, be, prbs, errored_seconds;
	int32_t irq_misses;
	int32_t sync_source; /* number of the span the card takes its clock from, 0 = its own */
	int32_t channels_configured, channels, spans;
	int32_t build_out, lineconfig;
	char build_out_name[40], location[40], manufacturer[40], device_type[40];
	int32_t irq;
	int32_t linecompat;
	char type[6];
} __attribute__((packed));

struct dahdi_abi_line {
	int32_t span;
	char name[20];
	int32_t build_out, lineconfig;
	int32_t sync; /* 0: never the clock of its card, 1: first choice, 2: second ... */
};

struct dahdi_abi_channel {
	int32_t channel;
	char name[40];
	int32_t sigtype, law, master, idle_bits;
	char netdev_name[16];
};

struct dahdi_abi_params {
	int32_t channel, span, position; /* of the channel in its span, from 1 */
	int32_t sigtype, sigcap;
	int32_t unused[7];
	char name[40];
	int32_t unused_times[11];
	uint32_t alarms;
};

struct dahdi_abi_buffers {
	int32_t tx_policy, rx_policy, count, octets, read_full, write_full;
};

struct dahdi_abi_maint {
	int32_t span, command;
};

struct dahdi_abi_canceller {
	int32_t channel;
	char name[16]; /* "" = none */
};

struct dahdi_abi_canceller_params {
	uint32_t taps;  /* 8 a millisecond; 0 = off */
	uint32_t count; /* of parameters that follow */
};

#define DAHDI_ABI_GET_PARAMS    _IOWR(0xDA, 5, struct dahdi_abi_params)
#define DAHDI_ABI_FLUSH         _IOW(0xDA, 3, int)
#define DAHDI_ABI_GETEVENT      _IOR(0xDA, 8, int)
#define DAHDI_ABI_SPANSTAT      _IOWR(0xDA, 10, struct dahdi_abi_span)
#define DAHDI_ABI_MAINT         _IOW(0xDA, 11, struct dahdi_abi_maint)
#define DAHDI_ABI_SPANCONFIG    _IOW(0xDA, 18, struct dahdi_abi_line)
#define DAHDI_ABI_CHANCONFIG    _IOW(0xDA, 19, struct dahdi_abi_channel)
#define DAHDI_ABI_SET_BUFINFO   _IOW(0xDA, 27, struct dahdi_abi_buffers)
#define DAHDI_ABI_HDLCFCSMODE   _IOW(0xDA, 37, int)
#define DAHDI_ABI_AUDIOMODE     _IOW(0xDA, 32, int)
#define DAHDI_ABI_ECHOCANCEL_PARAMS _IOW(0xDA, 33, struct dahdi_abi_canceller_params)
#define DAHDI_ABI_ATTACH_ECHOCAN _IOW(0xDA, 59, struct dahdi_abi_canceller)
#define DAHDI_ABI_SPECIFY       _IOW(0xDA, 38, int)
#define DAHDI_ABI_STARTUP       _IOW(0xDA, 99, int)
#define DAHDI_ABI_SHUTDOWN      _IOW(0xDA, 100, int)
#define DAHDI_ABI_BUFFER_EVENTS _IOW(0xDA, 105, int)

#endif
