/* packet_buffer.c - the adaptive jitter buffer.
 *
 * Sequence numbers are widened to 64 bits.  Slots of a ring, by sequence:
 *
 *       retired          next                     newest
 *     -----|----------------|----------------------|---------------|
 *      gone  played, or late  waiting to be played   not yet come   retired + capacity
 *
 * `next` moves on by one at every playout instant; only re-centring moves it otherwise, back (what
 * was played plays as idle) or forth.  `retired` only moves on, so a packet is counted lost once.
 */
#include "tdm/packet_buffer.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MS_NS UINT64_C(1000000)

enum {
	CAPACITY_MS = 128,
	CAPACITY_MIN = 32,
	STRAY_AHEAD_MS = 4, /* further ahead than maximum + this is not this stream */
	RUN_FIRST = 2,      /* packets in a row to begin (RFC 5604 pwTDMConsecPktsInsync) */
	RUN_AGAIN = 4,      /* and to leave a sequence we follow for another */
	RUN_AGAIN_MS = 20,  /* for this long, so that a burst after a stall does not */
	LATE_EVENT_MS = 50, /* what comes late in this time has one cause */
	LATE_MEMORY_MS = 10000,
	CALM_FIRST_MS = 10000,
	CALM_MAX_MS = 3600000,
};

enum slot_state { SLOT_EMPTY, SLOT_HELD, SLOT_DONE }; /* done: played, or came too late to be */

struct slot {
	uint8_t state;
	bool has_payload;
	unsigned flags;
};

struct tdm_packet_buffer {
	struct tdm_packet_buffer_conf conf;
	struct slot *slots;
	uint8_t *payloads;
	uint64_t capacity, history; /* packets; capacity is a power of two */

	bool synced;
	uint64_t first, next, newest, retired; /* sequence, widened */
	uint64_t heard;                        /* the newest played */
	uint64_t play_ns;                      /* when `next` is due */
	uint64_t silent;                       /* playout instants */

	/* Packets that do not fit: the begin of another sequence? */
	uint16_t run_next;
	unsigned run_count;
	uint64_t run_start_ns;

	int64_t goal_ns;   /* least target: what jitter has taught */
	int64_t target_ns; /* goal and less than a packet more: the phase we began in */
	bool target_known; /* measured by a full window */
	uint64_t window_played, window_heard;
	int64_t window_max; /* margin of the fastest packet */
	int64_t error_ns;
	bool error_ready;

	uint64_t late_ns;                  /* when packets came late last; 0 = never */
	uint64_t calm_played, calm_needed; /* playout instants */
	int64_t calm_min;                  /* margin of the slowest packet */
	bool shrunk;                       /* since the target last grew */

	struct tdm_packet_buffer_stats stats;
};

static struct slot *slot_at(const struct tdm_packet_buffer *b, uint64_t sequence)
{
	return &b->slots[sequence & (b->capacity - 1)];
}

static uint8_t *payload_at(const struct tdm_packet_buffer *b, uint64_t sequence)
{
	return b->payloads + (sequence & (b->capacity - 1)) * b->conf.packet_octets;
}

static int64_t packets_ns(const struct tdm_packet_buffer *b, int64_t packets)
{
	int64_t packet = (int64_t)b->conf.packet_ns;

	return packets * packet;
}

static void set_target(struct tdm_packet_buffer *b, int64_t target_ns)
{
	b->target_ns = target_ns;
	atomic_store_explicit(&b->stats.target_ns, (uint64_t)target_ns, memory_order_relaxed);
}

static void window_begin(struct tdm_packet_buffer *b)
{
	b->window_played = b->window_heard = 0;
	b->window_max = INT64_MIN;
}

static void calm_begin(struct tdm_packet_buffer *b)
{
	b->calm_played = 0;
	b->calm_min = INT64_MAX;
}

int tdm_packet_buffer_new(struct tdm_packet_buffer **out, const struct tdm_packet_buffer_conf *conf,
			  uint64_t first_play_ns)
{
	struct tdm_packet_buffer *b = calloc(1, sizeof(*b));

	*out = NULL;
	if (b == NULL)
		return -ENOMEM;
	b->conf = *conf;
	b->capacity = CAPACITY_MIN;
	while (b->capacity * conf->packet_ns < CAPACITY_MS * MS_NS)
		b->capacity *= 2;
	b->history = b->capacity / 4;
	b->slots = calloc(b->capacity, sizeof(*b->slots));
	b->payloads = calloc(b->capacity, conf->packet_octets);
	if (b->slots == NULL || b->payloads == NULL) {
		tdm_packet_buffer_free(b);
		return -ENOMEM;
	}
	b->goal_ns = (int64_t)conf->min_ns;
	set_target(b, b->goal_ns);
	b->calm_needed = CALM_FIRST_MS * MS_NS / conf->packet_ns;
	tdm_packet_buffer_restart(b, first_play_ns);
	*out = b;
	return 0;
}

void tdm_packet_buffer_free(struct tdm_packet_buffer *b)
{
	if (b == NULL)
		return;
	free(b->slots);
	free(b->payloads);
	free(b);
}

const struct tdm_packet_buffer_stats *tdm_packet_buffer_stats(const struct tdm_packet_buffer *b)
{
	return &b->stats;
}

uint64_t tdm_packet_buffer_silent_ns(const struct tdm_packet_buffer *b)
{
	return b->silent * b->conf.packet_ns;
}

void tdm_packet_buffer_restart(struct tdm_packet_buffer *b, uint64_t next_play_ns)
{
	b->synced = false;
	b->run_count = 0;
	b->play_ns = next_play_ns;
	b->error_ready = false;
}

bool tdm_packet_buffer_error(struct tdm_packet_buffer *b, int64_t *error_ns)
{
	if (!b->error_ready)
		return false;
	b->error_ready = false;
	*error_ns = b->error_ns;
	return true;
}

/* --- moving `next` ----------------------------------------------------------------------- */

/* Past the oldest sequence that may still come: was it ever there? */
static void retire_to(struct tdm_packet_buffer *b, uint64_t sequence)
{
	while (b->retired < sequence) {
		struct slot *s = slot_at(b, ++b->retired);
		if (s->state == SLOT_EMPTY && b->retired >= b->first && b->retired < b->newest)
			tdm_counter_add(&b->stats.lost, 1);
		s->state = SLOT_EMPTY;
	}
}

static void step(struct tdm_packet_buffer *b)
{
	b->next++;
	retire_to(b, b->next - b->history - 1);
}

/* Re-centres by whole packets: more delay (idle is played) or, negative, less (packets are
 * dropped).  Margins measured so far move along. */
static void slip(struct tdm_packet_buffer *b, int64_t packets)
{
	for (int64_t i = packets; i < 0; i++) {
		struct slot *s = slot_at(b, b->next);
		if (s->state == SLOT_HELD) {
			s->state = SLOT_DONE;
			tdm_counter_add(&b->stats.overruns, 1);
		}
		step(b);
	}
	if (packets > 0)
		b->next -= (uint64_t)packets;
	if (b->window_heard > 0)
		b->window_max += packets_ns(b, packets);
	if (b->calm_min != INT64_MAX)
		b->calm_min += packets_ns(b, packets);
	tdm_counter_add(&b->stats.slips, (uint64_t)llabs(packets));
}

/* --- what arrives ------------------------------------------------------------------------ */

static void store(struct tdm_packet_buffer *b, uint64_t sequence, unsigned flags,
		  const uint8_t *payload)
{
	struct slot *s = slot_at(b, sequence);

	s->state = SLOT_HELD;
	s->flags = flags;
	s->has_payload = payload != NULL;
	if (payload != NULL)
		memcpy(payload_at(b, sequence), payload, b->conf.packet_octets);
	if (sequence > b->newest)
		b->newest = sequence;
	b->silent = 0;
	b->run_count = 0;
}

/* Begins to follow a sequence: this packet will be played when it has lain here for the goal. */
static void follow(struct tdm_packet_buffer *b, uint16_t sequence, uint64_t arrival_ns)
{
	int64_t missing = b->goal_ns - (int64_t)(b->play_ns - arrival_ns);
	int64_t wait = missing > 0 ? (missing + packets_ns(b, 1) - 1) / packets_ns(b, 1) : 0;

	b->synced = true;
	b->first = b->newest = UINT64_C(1) << 32 | sequence;
	b->heard = 0;
	b->next = b->first - (uint64_t)wait;
	b->retired = b->next - b->history - 1;
	for (uint64_t i = 0; i < b->capacity; i++)
		b->slots[i].state = SLOT_EMPTY;
	b->target_known = false;
	window_begin(b);
	calm_begin(b);
}

/* A packet that does not fit the sequence we follow.  True: it continues a run long enough to
 * change to its sequence. */
static bool run_decides(struct tdm_packet_buffer *b, uint16_t sequence, uint64_t arrival_ns)
{
	if (b->run_count == 0 || sequence != b->run_next) {
		b->run_count = 0;
		b->run_start_ns = arrival_ns;
	}
	b->run_count++;
	b->run_next = (uint16_t)(sequence + 1);
	if (!b->synced)
		return b->run_count >= RUN_FIRST;
	return b->run_count >= RUN_AGAIN && arrival_ns - b->run_start_ns >= RUN_AGAIN_MS * MS_NS;
}

/* Jitter has taught us something: calm must last longer before we forget it again. */
static void grow(struct tdm_packet_buffer *b, int64_t packets)
{
	slip(b, packets);
	b->goal_ns += packets_ns(b, packets);
	set_target(b, b->target_ns + packets_ns(b, packets));
	if (b->shrunk && b->calm_needed * b->conf.packet_ns < CALM_MAX_MS * MS_NS)
		b->calm_needed *= 2;
	b->shrunk = false;
	calm_begin(b);
}

/* A stall of either end's that happens once leaves a hole of its own length, whether the packets
 * behind it are dropped or delay all that follows: so they are dropped.  Jitter comes again. */
static bool is_jitter(struct tdm_packet_buffer *b, uint64_t arrival_ns)
{
	uint64_t ago = arrival_ns - b->late_ns;

	if (b->late_ns == 0 || ago > LATE_MEMORY_MS * MS_NS) {
		b->late_ns = arrival_ns;
		return false;
	}
	if (ago < LATE_EVENT_MS * MS_NS)
		return false;
	b->late_ns = arrival_ns - LATE_EVENT_MS * MS_NS; /* what comes now grows it at once */
	return true;
}

/* False: the packet is not to be played any more. */
static bool take_late(struct tdm_packet_buffer *b, uint64_t wide, uint64_t arrival_ns)
{
	int64_t by = (int64_t)(b->next - wide);

	slot_at(b, wide)->state = SLOT_DONE;
	if (wide < b->first || b->target_ns + packets_ns(b, by) > (int64_t)b->conf.max_ns ||
	    !is_jitter(b, arrival_ns))
		return false;
	grow(b, by);
	return wide > b->heard; /* else what came after it has been played */
}

static void note_margin(struct tdm_packet_buffer *b, int64_t margin_ns)
{
	b->window_heard++;
	if (margin_ns > b->window_max)
		b->window_max = margin_ns;
	if (margin_ns < b->calm_min)
		b->calm_min = margin_ns;
}

static void change_if_run(struct tdm_packet_buffer *b, uint16_t sequence, uint64_t arrival_ns,
			  unsigned flags, const uint8_t *payload)
{
	if (run_decides(b, sequence, arrival_ns)) {
		follow(b, sequence, arrival_ns);
		store(b, b->first, flags, payload);
	}
}

void tdm_packet_buffer_put(struct tdm_packet_buffer *b, uint16_t sequence, uint64_t arrival_ns,
			   unsigned flags, const uint8_t *payload)
{
	if (!b->synced) {
		change_if_run(b, sequence, arrival_ns, flags, payload);
		return;
	}
	int64_t ahead = (int16_t)(uint16_t)(sequence - (uint16_t)b->next);
	uint64_t wide = b->next + (uint64_t)ahead;
	int64_t margin = (int64_t)(b->play_ns - arrival_ns) + packets_ns(b, ahead);
	int64_t stray = (int64_t)(b->conf.max_ns + STRAY_AHEAD_MS * MS_NS) + packets_ns(b, 2);
	bool fits = wide > b->retired && wide <= b->retired + b->capacity && margin <= stray;

	if (fits && slot_at(b, wide)->state != SLOT_EMPTY) {
		tdm_counter_add(&b->stats.duplicate, 1);
		return;
	}
	if (!fits || ahead < 0)
		tdm_counter_add(&b->stats.late, 1);
	if (!fits || (ahead < 0 && !take_late(b, wide, arrival_ns))) {
		change_if_run(b, sequence, arrival_ns, flags, payload);
		return;
	}
	margin = (int64_t)(b->play_ns - arrival_ns) + packets_ns(b, (int64_t)(wide - b->next));
	if (wide < b->newest)
		tdm_counter_add(&b->stats.reordered, 1);
	store(b, wide, flags, payload);
	note_margin(b, margin);
}

/* --- what is played ---------------------------------------------------------------------- */

/* The end of a window: how far is the fastest packet from the target, and must whole packets go? */
static void recentre(struct tdm_packet_buffer *b)
{
	int64_t packet = packets_ns(b, 1);
	int64_t above = b->conf.paced ? 2 * packet : packet;
	int64_t above_least = b->conf.paced ? 2 * MS_NS : MS_NS;

	if (!b->target_known) { /* the packet we began with may have been a slow one */
		int64_t surplus = b->window_max - b->goal_ns;
		if (surplus >= packet)
			slip(b, -(surplus / packet));
		set_target(b, b->window_max > b->goal_ns ? b->window_max : b->goal_ns);
		b->target_known = true;
	}
	int64_t error = b->window_max - b->target_ns;
	if (above < above_least)
		above = above_least;
	int64_t below = above < b->target_ns / 2 ? above : b->target_ns / 2;
	if (error > above || error < -below) {
		int64_t packets = -error / packet;
		if (packets == 0)
			packets = error > 0 ? -1 : 1;
		slip(b, packets);
		error += packets_ns(b, packets);
	}
	b->error_ns = error;
	b->error_ready = b->conf.paced;
}

/* After a long calm in which even the slowest packet had a packet's time to spare. */
static void shrink(struct tdm_packet_buffer *b)
{
	int64_t packet = packets_ns(b, 1);
	int64_t spare = packet / 4 > (int64_t)MS_NS / 4 ? packet / 4 : (int64_t)MS_NS / 4;

	if (b->calm_min != INT64_MAX && b->calm_min > packet + spare &&
	    b->goal_ns - packet >= (int64_t)b->conf.min_ns) {
		slip(b, -1);
		b->goal_ns -= packet;
		set_target(b, b->target_ns - packet);
		b->shrunk = true;
	}
	calm_begin(b);
}

static void adapt(struct tdm_packet_buffer *b)
{
	if (++b->window_played * b->conf.packet_ns >= TDM_PACKET_WINDOW_MS * MS_NS) {
		if (b->window_heard * 2 > b->window_played)
			recentre(b);
		window_begin(b);
	}
	if (++b->calm_played >= b->calm_needed)
		shrink(b);
}

void tdm_packet_buffer_play(struct tdm_packet_buffer *b, uint64_t next_play_ns,
			    struct tdm_packet_play *out)
{
	*out = (struct tdm_packet_play){.payload = NULL};
	b->play_ns = next_play_ns;
	b->silent++;
	if (!b->synced)
		return;

	struct slot *s = slot_at(b, b->next);
	if (s->state == SLOT_HELD) {
		s->state = SLOT_DONE;
		b->heard = b->next > b->heard ? b->next : b->heard;
		out->received = true;
		out->flags = s->flags;
		out->payload = s->has_payload ? payload_at(b, b->next) : NULL;
	} else if (s->state == SLOT_EMPTY && b->next >= b->first) {
		tdm_counter_add(&b->stats.underruns, 1);
	}
	step(b);
	adapt(b);
}
