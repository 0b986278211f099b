#include "sip/store.h"

#include "gateway/base/log.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BUSY_MS = 5000 };

/* The texts of a row in one allocation, NUL after each. */
struct change {
	struct change *next;
	bool remove;
	uint32_t cseq;
	unsigned q_milli;
	uint64_t expires_wall_ms;
	const char *text[7]; /* in the order of the columns */
	char room[];
};

enum { USER, CONTACT, PATH, INSTANCE, SOFTWARE, CALL_ID, SOURCE, TEXTS };

struct sip_store {
	sqlite3 *db;
	sqlite3_stmt *put, *remove;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct change *first, *last;
	unsigned count;
	bool stopping;
	int error; /* of the thread, for the signalling thread to log; under the lock */
	struct log_limit limit;
};

static const char schema[] =
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
	"CREATE TABLE IF NOT EXISTS binding (user TEXT NOT NULL, contact TEXT NOT NULL,"
	" path TEXT NOT NULL, instance TEXT NOT NULL, software TEXT NOT NULL,"
	" call_id TEXT NOT NULL, source TEXT NOT NULL, cseq INTEGER NOT NULL,"
	" q_milli INTEGER NOT NULL, expires_ms INTEGER NOT NULL, PRIMARY KEY (user, contact));";
static const char put_sql[] = "INSERT OR REPLACE INTO binding VALUES (?,?,?,?,?,?,?,?,?,?)";
static const char remove_sql[] = "DELETE FROM binding WHERE user = ? AND contact = ?";

/* --- the thread --- */

static int run_one(struct sip_store *st, const struct change *c)
{
	sqlite3_stmt *stmt = c->remove ? st->remove : st->put;
	int texts = c->remove ? 2 : TEXTS;

	for (int i = 0; i < texts; i++)
		sqlite3_bind_text(stmt, i + 1, c->text[i], -1, SQLITE_STATIC);
	if (!c->remove) {
		sqlite3_bind_int64(stmt, TEXTS + 1, c->cseq);
		sqlite3_bind_int64(stmt, TEXTS + 2, c->q_milli);
		sqlite3_bind_int64(stmt, TEXTS + 3, (sqlite3_int64)c->expires_wall_ms);
	}
	int r = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return r == SQLITE_DONE ? SQLITE_OK : r;
}

/* All that is queued in one transaction: a hundred phones that come back cost one write. */
static int run_all(struct sip_store *st, struct change *c)
{
	int r = sqlite3_exec(st->db, "BEGIN", NULL, NULL, NULL);

	while (c != NULL) {
		struct change *next = c->next;
		if (r == SQLITE_OK)
			r = run_one(st, c);
		free(c);
		c = next;
	}
	if (r == SQLITE_OK)
		r = sqlite3_exec(st->db, "COMMIT", NULL, NULL, NULL);
	if (r != SQLITE_OK)
		sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

static void *run(void *arg)
{
	struct sip_store *st = arg;

	pthread_mutex_lock(&st->lock);
	while (!st->stopping || st->first != NULL) {
		struct change *all = st->first;
		if (all == NULL) {
			pthread_cond_wait(&st->wake, &st->lock);
			continue;
		}
		st->first = st->last = NULL;
		st->count = 0;
		pthread_mutex_unlock(&st->lock);
		int r = run_all(st, all);
		pthread_mutex_lock(&st->lock);
		st->error = r;
	}
	pthread_mutex_unlock(&st->lock);
	return NULL;
}

/* --- the queue --- */

static void post(struct sip_store *st, struct change *c)
{
	int error;

	pthread_mutex_lock(&st->lock);
	error = st->error;
	if (c != NULL && st->count < SIP_STORE_QUEUE) {
		if (st->last != NULL)
			st->last->next = c;
		else
			st->first = c;
		st->last = c;
		st->count++;
		c = NULL;
		pthread_cond_signal(&st->wake);
	} else if (error == SQLITE_OK) {
		error = SQLITE_FULL;
	}
	pthread_mutex_unlock(&st->lock);
	free(c);
	if (error != SQLITE_OK)
		log_limited(&st->limit, 60000, LOG_SIP, LOG_ERROR,
			    "registrar: bindings are not written to the file: %s",
			    sqlite3_errstr(error));
}

static struct change *change_new(const char *const text[TEXTS], int texts)
{
	size_t size = 0;

	for (int i = 0; i < texts; i++)
		size += strlen(text[i]) + 1;
	struct change *c = calloc(1, sizeof(*c) + size);
	if (c == NULL)
		return NULL;
	char *at = c->room;
	for (int i = 0; i < texts; i++) {
		size_t n = strlen(text[i]) + 1;
		c->text[i] = memcpy(at, text[i], n);
		at += n;
	}
	return c;
}

void sip_store_put(struct sip_store *st, const struct sip_stored *s)
{
	const char *const text[TEXTS] = {s->user,     s->contact, s->path,  s->instance,
					 s->software, s->call_id, s->source};
	struct change *c = change_new(text, TEXTS);

	if (c != NULL) {
		c->cseq = s->cseq;
		c->q_milli = s->q_milli;
		c->expires_wall_ms = s->expires_wall_ms;
	}
	post(st, c);
}

void sip_store_remove(struct sip_store *st, const char *user, const char *contact)
{
	const char *const text[TEXTS] = {user, contact};
	struct change *c = change_new(text, 2);

	if (c != NULL)
		c->remove = true;
	post(st, c);
}

/* --- life --- */

static const char *column(sqlite3_stmt *stmt, int i)
{
	const unsigned char *text = sqlite3_column_text(stmt, i);

	return text != NULL ? (const char *)text : "";
}

static int read_rows(sqlite3 *db, sip_stored_fn *fn, void *arg)
{
	sqlite3_stmt *stmt;
	int r = sqlite3_prepare_v2(db, "SELECT * FROM binding ORDER BY expires_ms", -1, &stmt,
				   NULL);

	if (r != SQLITE_OK)
		return r;
	while ((r = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct sip_stored s = {
			.user = column(stmt, USER),
			.contact = column(stmt, CONTACT),
			.path = column(stmt, PATH),
			.instance = column(stmt, INSTANCE),
			.software = column(stmt, SOFTWARE),
			.call_id = column(stmt, CALL_ID),
			.source = column(stmt, SOURCE),
			.cseq = (uint32_t)sqlite3_column_int64(stmt, TEXTS),
			.q_milli = (unsigned)sqlite3_column_int64(stmt, TEXTS + 1),
			.expires_wall_ms = (uint64_t)sqlite3_column_int64(stmt, TEXTS + 2),
		};
		fn(arg, &s);
	}
	sqlite3_finalize(stmt);
	return r == SQLITE_DONE ? SQLITE_OK : r;
}

static void database_close(struct sip_store *st)
{
	sqlite3_finalize(st->put);
	sqlite3_finalize(st->remove);
	sqlite3_close(st->db);
	free(st);
}

int sip_store_open(struct sip_store **out, const char *path, sip_stored_fn *fn, void *arg,
		   char *err, size_t err_size)
{
	struct sip_store *st = calloc(1, sizeof(*st));
	mode_t mask = umask(0077); /* who registered from where is nobody else's */
	int r = SQLITE_NOMEM;

	*out = NULL;
	if (st != NULL)
		r = sqlite3_open_v2(
			path, &st->db,
			SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (r == SQLITE_OK)
		r = sqlite3_busy_timeout(st->db, BUSY_MS);
	if (r == SQLITE_OK)
		r = sqlite3_exec(st->db, schema, NULL, NULL, NULL);
	if (r == SQLITE_OK)
		r = sqlite3_prepare_v2(st->db, put_sql, -1, &st->put, NULL);
	if (r == SQLITE_OK)
		r = sqlite3_prepare_v2(st->db, remove_sql, -1, &st->remove, NULL);
	if (r == SQLITE_OK)
		r = read_rows(st->db, fn, arg);
	umask(mask);
	if (r != SQLITE_OK) {
		snprintf(
			err, err_size,
			"sip.registrar_file %s: %s (its folder must be writable; a file that is no "
			"database must be moved away)",
			path, sqlite3_errstr(r));
		goto fail;
	}
	pthread_mutex_init(&st->lock, NULL);
	pthread_cond_init(&st->wake, NULL);
	if (pthread_create(&st->thread, NULL, run, st) != 0) {
		snprintf(err, err_size, "sip.registrar_file: no thread to write it");
		goto fail;
	}
	*out = st;
	return 0;
fail:
	if (st != NULL)
		database_close(st);
	return r == SQLITE_NOMEM ? -ENOMEM : -EIO;
}

void sip_store_close(struct sip_store *st)
{
	if (st == NULL)
		return;
	pthread_mutex_lock(&st->lock);
	st->stopping = true;
	pthread_cond_signal(&st->wake);
	pthread_mutex_unlock(&st->lock);
	pthread_join(st->thread, NULL);
	pthread_mutex_destroy(&st->lock);
	pthread_cond_destroy(&st->wake);
	database_close(st);
}
