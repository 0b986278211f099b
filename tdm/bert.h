/* bert.h - a bit error test of one slot: makes a pattern, and checks the one that comes back.
 *
 *        tdm_bert_send() --> slot --> far end, which loops --> slot --> tdm_bert_receive()
 *
 *   HUNTING  -- received bits predict the next CONFIRM_BITS --> SYNC
 *   SYNC     -- more than a fifth of a tick's bits are wrong --> HUNTING (a sync loss)
 *
 * The receiver finds the pattern by itself, so the delay of the loop does not matter, and anyone
 * may be the sender.  Bits are sent most significant first, as on the line.  The bits of a tick in
 * which the pattern is lost are not counted: they would be no bit errors but a slip or a gap.
 *
 * send and receive: one thread, the media worker.  The result may be read by any other.
 */
#ifndef TDM_BERT_H
#define TDM_BERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tdm_bert_pattern {
	BERT_QRSS, /* O.151 2.2: 2^20-1, no more than 14 zeros in a row; usual on a T1 */
	BERT_2E15, /* O.151 2.1, inverted */
	BERT_2E11, /* O.152 */
	BERT_ONES, /* the idle code as well: a far end that does not loop may look good */
	BERT_ZEROS,
	BERT_1IN8,  /* T1.403: least density of ones without B8ZS */
	BERT_3IN24, /* T1.403: most zeros AMI allows, 15 in a row */
	BERT_PATTERNS
};

struct tdm_bert_counts {
	bool sync;                  /* now */
	uint64_t bits, errors;      /* while in sync */
	uint64_t sync_losses;
	uint64_t seconds;           /* by the line's clock, since the first octet */
	uint64_t errored_seconds;   /* in sync, with an error */
	uint64_t unsynced_seconds;  /* not in sync, or lost it */
};

struct tdm_bert;

/* 0 or -ENOMEM. */
int tdm_bert_new(struct tdm_bert **out, enum tdm_bert_pattern pattern);
void tdm_bert_free(struct tdm_bert *b);
void tdm_bert_send(struct tdm_bert *b, uint8_t *octets, size_t count);
void tdm_bert_receive(struct tdm_bert *b, const uint8_t *octets, size_t count);
void tdm_bert_counts(const struct tdm_bert *b, struct tdm_bert_counts *out);

/* "qrss", "2e15", "2e11", "ones", "zeros", "1in8", "3in24" */
const char *tdm_bert_pattern_name(enum tdm_bert_pattern p);
bool tdm_bert_pattern_parse(const char *name, enum tdm_bert_pattern *out);

#endif
