#include "tests/pbx/control.h"

#include "tests/pbx/command.h"
#include "tests/pbx/report.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

enum { LINE_MAX_OCTETS = 4096, UNREAD_MAX = 4 << 20, DIGITS_SHOWN = 12 };

struct input { /* octets cut into lines */
	char text[LINE_MAX_OCTETS];
	size_t fill;
	bool skipping; /* the rest of a line that was too long */
};

struct connection {
	struct connection *next, *prev;
	struct control *control;
	uv_pipe_t pipe;
	struct input in;
	bool events;
	bool closing;
};

struct control {
	struct pbx *pbx;
	uv_pipe_t listener;
	bool listening;
	char path[108];
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_pipe_t pipe;
		uv_tty_t tty;
	} in;
	bool reading;
	struct input stdin_lines;
	char buffer[LINE_MAX_OCTETS]; /* lent to libuv for one read */
	struct connection *connections;
};

static char *line_of(const json_t *j)
{
	return json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS_SHOWN));
}

static void stdout_put(const json_t *j)
{
	char *line = line_of(j);

	if (line == NULL)
		return;
	puts(line);
	fflush(stdout);
	free(line);
}

static json_t *too_long(void)
{
	return json_pack("{s:s, s:b, s:s}", "reply", "", "ok", 0, "error", "the line is too long");
}

/* Calls take for each whole line. */
static void input_put(struct input *in, const char *text, size_t len,
		      void (*take)(void *arg, const char *line), void *arg)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n') {
			in->text[in->fill] = '\0';
			take(arg, in->skipping ? NULL : in->text);
			in->fill = 0;
			in->skipping = false;
		} else if (in->fill + 1 < sizeof in->text) {
			in->text[in->fill++] = text[i] != '\0' ? text[i] : ' ';
		} else {
			in->skipping = true;
		}
	}
}

/* --- standard input --- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct control *c = handle->data;

	*buf = uv_buf_init(c->buffer, sizeof c->buffer);
}

static void stdin_take(void *arg, const char *line)
{
	struct control *c = arg;
	json_t *reply = line != NULL ? command_run(c->pbx, line) : too_long();

	if (reply == NULL)
		return;
	stdout_put(reply);
	json_decref(reply);
}

void control_command(struct control *c, const char *line)
{
	stdin_take(c, line);
}

static void on_stdin(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
	struct control *c = stream->data;

	if (got >= 0) {
		input_put(&c->stdin_lines, buf->base, (size_t)got, stdin_take, c);
		return;
	}
	uv_close(&c->in.handle, NULL);
	c->reading = false;
	pbx_quit(c->pbx);
}

static int stdin_open(struct control *c)
{
	uv_loop_t *uv = &c->pbx->loop->uv;
	int rc;

	switch (uv_guess_handle(0)) {
	case UV_TTY: rc = uv_tty_init(uv, &c->in.tty, 0, 1); break;
	case UV_NAMED_PIPE:
		rc = uv_pipe_init(uv, &c->in.pipe, 0);
		if (rc == 0)
			rc = uv_pipe_open(&c->in.pipe, 0);
		break;
	default: return 0;
	}
	if (rc < 0)
		return rc;
	c->in.handle.data = c;
	c->reading = true;
	return uv_read_start(&c->in.stream, on_alloc, on_stdin);
}

/* --- connections --- */

static void on_connection_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void connection_close(struct connection *k)
{
	if (k->closing)
		return;
	k->closing = true;
	DL_DELETE(k->control->connections, k);
	uv_close((uv_handle_t *)&k->pipe, on_connection_closed);
}

struct line_write {
	uv_write_t request;
	char *line;
};

static void on_written(uv_write_t *request, int status)
{
	struct line_write *w = (struct line_write *)request;

	free(w->line);
	free(w);
}

static void connection_put(struct connection *k, const json_t *j)
{
	struct line_write *w = malloc(sizeof *w);
	char *line = w != NULL ? line_of(j) : NULL;

	if (line == NULL || uv_stream_get_write_queue_size((uv_stream_t *)&k->pipe) > UNREAD_MAX) {
		free(line);
		free(w);
		connection_close(k);
		return;
	}
	size_t len = strlen(line);
	line[len] = '\n'; /* in the place of the terminator: the length is known */
	w->line = line;
	uv_buf_t buf = uv_buf_init(line, (unsigned)len + 1);
	if (uv_write(&w->request, (uv_stream_t *)&k->pipe, &buf, 1, on_written) < 0) {
		free(line);
		free(w);
		connection_close(k);
	}
}

static void connection_take(void *arg, const char *line)
{
	struct connection *k = arg;
	json_t *reply;

	if (k->closing)
		return;
	if (line != NULL && strcmp(line, "events") == 0) {
		k->events = true;
		reply = json_pack("{s:s, s:b}", "reply", "events", "ok", 1);
	} else {
		reply = line != NULL ? command_run(k->control->pbx, line) : too_long();
	}
	if (reply == NULL)
		return;
	connection_put(k, reply);
	json_decref(reply);
}

static void on_connection_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct connection *k = handle->data;

	*buf = uv_buf_init(k->control->buffer, sizeof k->control->buffer);
}

static void on_connection_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
	struct connection *k = stream->data;

	if (got < 0)
		connection_close(k);
	else
		input_put(&k->in, buf->base, (size_t)got, connection_take, k);
}

static void on_connect(uv_stream_t *listener, int status)
{
	struct control *c = listener->data;
	struct connection *k = status == 0 ? calloc(1, sizeof *k) : NULL;

	if (k == NULL)
		return;
	k->control = c;
	uv_pipe_init(listener->loop, &k->pipe, 0);
	k->pipe.data = k;
	DL_APPEND(c->connections, k);
	if (uv_accept(listener, (uv_stream_t *)&k->pipe) < 0 ||
	    uv_read_start((uv_stream_t *)&k->pipe, on_connection_alloc, on_connection_read) < 0)
		connection_close(k);
}

static int listener_open(struct control *c, const char *path)
{
	int rc = uv_pipe_init(&c->pbx->loop->uv, &c->listener, 0);
	struct stat st;

	if (rc < 0)
		return rc;
	c->listening = true;
	c->listener.data = c;
	if (strlen(path) >= sizeof c->path)
		return -ENAMETOOLONG;
	/* Left behind by one that was killed.  Anything else of that name is not ours to remove. */
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
	rc = uv_pipe_bind(&c->listener, path);
	if (rc < 0)
		return rc;
	strcpy(c->path, path);
	return uv_listen((uv_stream_t *)&c->listener, 8, on_connect);
}

/* --- all together --- */

int control_open(struct control **out, struct pbx *p, const char *path, bool use_stdin, char *err,
		 size_t err_size)
{
	struct control *c = calloc(1, sizeof *c);
	int rc = c != NULL ? 0 : -ENOMEM;

	*out = c;
	if (rc < 0) {
		snprintf(err, err_size, "out of memory");
		return rc;
	}
	c->pbx = p;
	if (use_stdin)
		rc = stdin_open(c);
	if (rc < 0)
		snprintf(err, err_size, "standard input: %s", uv_strerror(rc));
	if (rc == 0 && path != NULL) {
		rc = listener_open(c, path);
		if (rc < 0)
			snprintf(err, err_size, "control socket %s: %s", path, uv_strerror(rc));
	}
	return rc;
}

void control_close(struct control *c)
{
	struct connection *k, *next;

	if (c == NULL)
		return;
	DL_FOREACH_SAFE(c->connections, k, next)
	connection_close(k);
	if (c->listening)
		uv_close((uv_handle_t *)&c->listener, NULL);
	if (c->reading)
		uv_close(&c->in.handle, NULL);
	c->listening = c->reading = false;
	if (c->path[0] != '\0')
		unlink(c->path);
}

void control_free(struct control *c)
{
	free(c);
}

void control_event(void *arg, const json_t *event)
{
	struct control *c = arg;
	struct connection *k, *next;

	stdout_put(event);
	if (c == NULL)
		return;
	DL_FOREACH_SAFE(c->connections, k, next)
	{
		if (k->events)
			connection_put(k, event);
	}
}
