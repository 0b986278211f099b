/* connection_io.c - octets of a connection: TLS around them, messages in them. */
#include "sip/connection.h"

#include "sip/prescan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of what the far side does not take.  A peer that is this slow would hold up all that is behind.
 */
enum { PENDING_MAX = 262144 };

/* --- writing --- */

struct write {
	uv_write_t req;
	struct sip_connection *connection;
	char data[];
};

static void on_written(uv_write_t *req, int status)
{
	struct write *w = req->data;

	if (status < 0)
		sip_connection_cut(w->connection, status);
	free(w);
}

int sip_connection_put(void *connection, const void *data, size_t len)
{
	struct sip_connection *c = connection;
	uv_stream_t *stream = (uv_stream_t *)&c->tcp;
	uv_buf_t buf = uv_buf_init((char *)(uintptr_t)data, (unsigned)len);

	if (c->dead)
		return -ECONNRESET;
	int n = uv_try_write(stream, &buf, 1);
	if (n == (int)len)
		return 0;
	if (n < 0 && n != UV_EAGAIN)
		return n;
	size_t done = n > 0 ? (size_t)n : 0, rest = len - done;
	if (uv_stream_get_write_queue_size(stream) + rest > PENDING_MAX) {
		c->transport->counts.cut_slow++;
		return -ENOBUFS;
	}
	struct write *w = malloc(sizeof(*w) + rest);
	if (w == NULL)
		return -ENOMEM;
	memcpy(w->data, (const char *)data + done, rest);
	w->req.data = w;
	w->connection = c;
	buf = uv_buf_init(w->data, (unsigned)rest);
	int r = uv_write(&w->req, stream, &buf, 1, on_written);
	if (r < 0)
		free(w);
	return r;
}

/* --- messages --- */

static struct sip_source source_of(const struct sip_connection *c)
{
	return (struct sip_source){.listener = c->listener,
				   .addr = c->peer,
				   .flow = c->id,
				   .proved = c->tls != NULL ? sip_tls_proved(c->tls) : NULL};
}

static bool on_message(void *arg, const char *text, size_t len)
{
	struct sip_connection *c = arg;
	const struct sip_receiver *r = &c->transport->receiver;
	struct sip_source source = source_of(c);

	c->line_ends = 0;
	r->message(r->arg, &source, text, len);
	return !c->dead;
}

static bool on_line_end(void *arg)
{
	struct sip_connection *c = arg;

	if (c->pong_awaited) {
		c->pong_awaited = false;
		c->pong_learned = true;
		c->line_ends = 0;
	} else if (++c->line_ends == 2) { /* RFC 5626 4.4.1: a ping, answered by a pong */
		c->line_ends = 0;
		sip_connection_send(c, "\r\n", 2);
	}
	return !c->dead;
}

static void on_refused(void *arg, const char *head, size_t len, int status, const char *why)
{
	struct sip_connection *c = arg;
	const struct sip_receiver *r = &c->transport->receiver;
	struct sip_source source = source_of(c);

	r->refused(r->arg, &source, head, len, status, why);
}

static const struct sip_framer_ops framer_ops = {on_message, on_line_end, on_refused};

static void on_text(struct sip_connection *c, const char *data, size_t len)
{
	int r = sip_framer_feed(&c->framer, data, len, &framer_ops, c);

	if (r < 0)
		sip_connection_cut(c, r);
}

/* --- reading --- */

static void shake_hands(struct sip_connection *c)
{
	int r = sip_tls_handshake(c->tls);

	if (r == 0)
		sip_connection_is_up(c);
	else if (r != -EAGAIN)
		sip_connection_fail(c, sip_tls_why(c->tls), -ECONNABORTED);
}

static void on_cipher(struct sip_connection *c, const char *data, size_t len)
{
	struct sip_transport *t = c->transport;
	ssize_t n = 1;

	sip_tls_feed(c->tls, data, len);
	if (!c->up)
		shake_hands(c);
	while (c->up && !c->dead && n > 0) {
		n = sip_tls_read(c->tls, t->plain, sizeof(t->plain));
		if (n > 0)
			on_text(c, t->plain, (size_t)n);
	}
	if (c->dead || n > 0 || n == -EAGAIN)
		return;
	if (n == 0)
		sip_connection_cut(c, -ECONNRESET);
	else
		sip_connection_fail(c, sip_tls_why(c->tls), -ECONNRESET);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct sip_connection *c = handle->data;

	buf->base = c->transport->buffer;
	buf->len = sizeof(c->transport->buffer);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct sip_connection *c = stream->data;

	if (n == 0 || c->dead)
		return;
	if (n < 0) {
		if (!c->up && c->tls != NULL) /* a refusal by those who send no alert */
			sip_connection_fail(c, "it closed the connection during the TLS handshake",
					    -ECONNRESET);
		else
			sip_connection_cut(c, n == UV_EOF ? -ECONNRESET : (int)n);
		return;
	}
	if (c->tls != NULL)
		on_cipher(c, buf->base, (size_t)n);
	else
		on_text(c, buf->base, (size_t)n);
	sip_connection_heard(c);
}

void sip_connection_begin(struct sip_connection *c)
{
	int r = uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);

	if (r < 0)
		sip_connection_cut(c, r);
	else if (c->tls == NULL)
		sip_connection_is_up(c);
	else if (c->outgoing)
		shake_hands(c); /* the client speaks first */
}
