#include "gateway/control.h"

#include "gateway/base/log.h"
#include "gateway/base/loop.h"
#include "gateway/control_span.h"
#include "gateway/gateway.h"
#include "gateway/maintain.h"
#include "gateway/status.h"
#include "gateway/status_sip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	CLIENTS_MAX = 32,
	COMMAND_MAX = 128,
	BACKLOG = 8,
	TRACE_QUEUE_MAX = 1024 * 1024, /* octets that wait for a slow reader; more are dropped */
	RECENT_PIECE = 64 * 1024,      /* octets of what is kept, sent at a time */
};

struct client {
	uv_pipe_t pipe;
	struct control *control;
	char command[COMMAND_MAX];
	size_t length;
	bool tracing, done;
	uint64_t lost;   /* of the trace, since it was told */
	uint64_t recent; /* number of the next message of those kept; 0 = not wanted */
	LIST_ENTRY(client) entry;
};

struct control {
	uv_pipe_t pipe;
	struct loop *loop;
	struct gateway *gateway;
	struct control_ops ops;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	bool trace_to_log;
	unsigned client_count;
	LIST_HEAD(, client) clients;
};

/* --- clients --- */

static void trace_update(struct control *c);
static void send_recent(struct client *cl);

static void on_client_closed(uv_handle_t *h)
{
	free(h->data);
}

static void client_close(struct client *cl)
{
	if (uv_is_closing((uv_handle_t *)&cl->pipe))
		return;
	LIST_REMOVE(cl, entry);
	cl->control->client_count--;
	trace_update(cl->control);
	uv_close((uv_handle_t *)&cl->pipe, on_client_closed);
}

static void on_written(uv_write_t *req, int status)
{
	struct client *cl = req->handle->data;

	free(req->data);
	free(req);
	if (status < 0 || cl->done)
		client_close(cl);
	else if (cl->recent != 0)
		send_recent(cl);
}

/* Sends text, which moves in (malloc). */
static void client_send(struct client *cl, char *text)
{
	uv_write_t *req = malloc(sizeof(*req));
	uv_buf_t buf = uv_buf_init(text, text != NULL ? (unsigned)strlen(text) : 0);

	if (req == NULL || text == NULL)
		goto fail;
	req->data = text;
	if (uv_write(req, (uv_stream_t *)&cl->pipe, &buf, 1, on_written) == 0)
		return;
fail:
	free(req);
	free(text);
	client_close(cl);
}

/* --- trace --- */

/* A slow reader loses messages, and is told how many. */
static void client_trace(struct client *cl, const char *line)
{
	char *text;
	int r;

	if (uv_stream_get_write_queue_size((uv_stream_t *)&cl->pipe) >= TRACE_QUEUE_MAX) {
		cl->lost++;
		return;
	}
	r = cl->lost == 0
		    ? asprintf(&text, "%s\n", line)
		    : asprintf(&text, "{\"lost\":%llu}\n%s\n", (unsigned long long)cl->lost, line);
	if (r < 0) {
		cl->lost++;
		return;
	}
	cl->lost = 0;
	client_send(cl, text);
}

static void on_trace(void *arg, const struct trace_record *r)
{
	struct control *c = arg;
	struct client *cl, *next;
	char text[360], *line = NULL;

	if (c->trace_to_log)
		log_line(LOG_GATEWAY, LOG_INFO, "trace: %s",
			 gateway_trace_text(r, text, sizeof(text)));
	for (cl = LIST_FIRST(&c->clients); cl != NULL; cl = next) {
		next = LIST_NEXT(cl, entry);
		if (!cl->tracing || cl->recent != 0)
			continue;
		if (line == NULL)
			line = gateway_trace_json(r);
		if (line != NULL)
			client_trace(cl, line);
		else
			cl->lost++;
	}
	free(line);
}

/* The next piece of what is kept; what is forgotten meanwhile is passed over. */
static void send_recent(struct client *cl)
{
	const struct trace_record *r = gateway_trace_from(cl->control->gateway, cl->recent);
	char *text = NULL;
	size_t size = 0;
	FILE *piece = open_memstream(&text, &size);

	for (; piece != NULL && r != NULL && ftell(piece) < RECENT_PIECE;
	     r = TAILQ_NEXT(r, entry)) {
		char *line = gateway_trace_json(r);
		if (line != NULL)
			fprintf(piece, "%s\n", line);
		free(line);
		cl->recent = r->number + 1;
	}
	if (piece != NULL)
		fclose(piece);
	cl->done = r == NULL;
	client_send(cl, text);
}

/* Tracing costs nothing when nobody looks. */
static void trace_update(struct control *c)
{
	bool wanted = c->trace_to_log;
	struct client *cl;

	LIST_FOREACH(cl, &c->clients, entry)
	wanted = wanted || (cl->tracing && cl->recent == 0);
	gateway_set_trace(c->gateway, wanted ? on_trace : NULL, c);
}

/* --- commands: each returns the reply, a new reference --- */

static json_t *failure(const char *why)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", why);
}

static json_t *success(void)
{
	return json_pack("{s:b}", "ok", 1);
}

static json_t *success_with(const char *key, json_t *value)
{
	return value != NULL ? json_pack("{s:b, s:o}", "ok", 1, key, value)
			     : failure("out of memory");
}

static json_t *do_status(struct client *cl, const char *args)
{
	return success_with("status", status_summary(cl->control->gateway));
}

static json_t *do_calls(struct client *cl, const char *args)
{
	return success_with("calls", status_calls(cl->control->gateway));
}

static json_t *do_spans(struct client *cl, const char *args)
{
	return success_with("spans", status_spans(cl->control->gateway));
}

static json_t *do_peers(struct client *cl, const char *args)
{
	return success_with("peers", status_peers(cl->control->gateway));
}

static json_t *do_refused(struct client *cl, const char *args)
{
	return success_with("refused", status_refused(cl->control->gateway));
}

static json_t *do_channel(struct client *cl, const char *args)
{
	return maintain_channel(cl->control->gateway, args);
}

static json_t *do_trunk(struct client *cl, const char *args)
{
	return maintain_trunk(cl->control->gateway, args);
}

static json_t *do_nfas(struct client *cl, const char *args)
{
	return maintain_nfas(cl->control->gateway, args);
}

static json_t *do_reload(struct client *cl, const char *args)
{
	char *text = NULL;
	size_t size = 0;
	FILE *report = open_memstream(&text, &size);

	if (report == NULL)
		return failure("out of memory");
	int r = cl->control->ops.reload(cl->control->ops.arg, report);
	fclose(report);
	json_t *reply = r < 0 ? failure(text) : success_with("report", json_string(text));
	free(text);
	return reply;
}

static json_t *do_stop(struct client *cl, const char *args)
{
	cl->control->ops.stop(cl->control->ops.arg);
	return success();
}

static json_t *do_log(struct client *cl, const char *args)
{
	char area_name[16], level_name[16];
	enum log_area area;
	enum log_level level;

	if (sscanf(args, "%15s %15s", area_name, level_name) != 2 ||
	    !log_parse_area(area_name, &area) || !log_parse_level(level_name, &level))
		return failure(
			"log AREA LEVEL: area is gateway, call, tdm, isup, sip, media or conf; "
			"level is error, warn, info or debug");
	log_set_level(area, level);
	return success();
}

static json_t *do_trace(struct client *cl, const char *args)
{
	if (strcmp(args, "on") == 0 || strcmp(args, "off") == 0) {
		cl->control->trace_to_log = args[1] == 'n';
		trace_update(cl->control);
		return success();
	}
	if (strcmp(args, "recent") == 0)
		cl->recent = 1;
	else if (args[0] != '\0')
		return failure("trace, trace recent, trace on or trace off");
	cl->tracing = true;
	trace_update(cl->control);
	if (cl->recent != 0)
		send_recent(cl);
	return NULL;
}

static json_t *do_span(struct client *cl, const char *args)
{
	return control_span(cl->control->gateway, args);
}

static const struct {
	const char *name;
	json_t *(*run)(struct client *cl, const char *args);
} commands[] = {
	{"status", do_status},   {"calls", do_calls}, {"spans", do_spans}, {"reload", do_reload},
	{"stop", do_stop},       {"log", do_log},     {"trace", do_trace}, {"span", do_span},
	{"channel", do_channel}, {"trunk", do_trunk}, {"peers", do_peers}, {"nfas", do_nfas},
	{"refused", do_refused},
};

static void run_command(struct client *cl)
{
	char *args = strchr(cl->command, ' ');
	json_t *reply = NULL;
	size_t i;

	if (args != NULL)
		*args++ = '\0';
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, cl->command) == 0)
			break;
	if (i < sizeof(commands) / sizeof(commands[0]))
		reply = commands[i].run(cl, args != NULL ? args : "");
	else
		reply = failure("unknown command; known are status, calls, spans, channel, trunk, "
				"nfas, span, reload, "
				"stop, log, trace");
	if (reply == NULL)
		return; /* a stream */
	char *text = json_dumps(reply, JSON_COMPACT);
	char *line = NULL;
	if (text != NULL && asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	json_decref(reply);
	cl->done = true;
	client_send(cl, line);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct client *cl = h->data;

	/* One octet is kept for the terminator. */
	*buf = uv_buf_init(cl->command + cl->length, (unsigned)(COMMAND_MAX - 1 - cl->length));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct client *cl = stream->data;

	if (n < 0) {
		client_close(cl);
		return;
	}
	cl->length += (size_t)n;
	cl->command[cl->length] = '\0';
	char *end = strchr(cl->command, '\n');
	if (cl->tracing || cl->done) {
		cl->length = 0; /* nothing more is expected; only its hanging up matters */
	} else if (end != NULL) {
		*end = '\0';
		run_command(cl);
		cl->length = 0;
	} else if (cl->length == COMMAND_MAX - 1) {
		client_close(cl);
	}
}

static void on_connection(uv_stream_t *server, int status)
{
	struct control *c = server->data;
	struct client *cl = calloc(1, sizeof(*cl));

	if (cl == NULL || status < 0) {
		free(cl);
		return;
	}
	uv_pipe_init(&c->loop->uv, &cl->pipe, 0);
	cl->pipe.data = cl;
	cl->control = c;
	LIST_INSERT_HEAD(&c->clients, cl, entry);
	c->client_count++;
	if (uv_accept(server, (uv_stream_t *)&cl->pipe) < 0 || c->client_count > CLIENTS_MAX ||
	    uv_read_start((uv_stream_t *)&cl->pipe, on_alloc, on_read) < 0)
		client_close(cl);
}

/* --- life --- */

/* True when another process answers on path: its socket must not be taken away. */
static bool is_alive(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	bool alive = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 || errno == EAGAIN;
	close(fd);
	return alive;
}

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

/* Takes away the socket that a gateway which died left behind, and nothing else. */
static int make_room(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct stat st;

	if (lstat(path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode))
			return -EEXIST;
		if (is_alive(path))
			return -EADDRINUSE;
		return unlink(path) == 0 ? 0 : -errno;
	}
	/* libuv calls a folder that is not there "permission denied". */
	snprintf(folder, sizeof(folder), "%s", path);
	strrchr(folder, '/')[1] = '\0';
	return stat(folder, &st) == 0 ? 0 : -errno;
}

static const char *advice(int error)
{
	switch (error) {
	case -EADDRINUSE: return " (is another tandem running?)";
	case -EEXIST: return ", and it is no socket (gateway.control names another)";
	case -ENOENT: return " (create its folder, or name another in gateway.control)";
	case -EACCES:
		return " (the user tandem runs as must be allowed to write in its folder; "
		       "gateway.control names another)";
	default: return "";
	}
}

int control_open(struct control **out, struct loop *loop, struct gateway *g, const char *path,
		 const struct control_ops *ops, char *err, size_t err_size)
{
	struct control *c = calloc(1, sizeof(*c));
	int r = -ENOMEM;

	*out = NULL;
	if (c == NULL)
		goto fail;
	c->loop = loop;
	c->gateway = g;
	c->ops = *ops;
	LIST_INIT(&c->clients);
	snprintf(c->path, sizeof(c->path), "%s", path);
	r = make_room(path);
	if (r < 0)
		goto fail;
	uv_pipe_init(&loop->uv, &c->pipe, 0);
	c->pipe.data = c;
	/* Only owner and group may connect, from the moment the file exists. */
	mode_t mask = umask(0117);
	r = uv_pipe_bind(&c->pipe, path);
	umask(mask);
	if (r == 0)
		r = uv_listen((uv_stream_t *)&c->pipe, BACKLOG, on_connection);
	if (r < 0) {
		uv_close((uv_handle_t *)&c->pipe, on_closed);
		c = NULL;
		goto fail;
	}
	*out = c;
	return 0;
fail:
	snprintf(err, err_size, "control socket %s: %s%s", path, strerror(-r), advice(r));
	free(c);
	return r;
}

void control_close(struct control *c)
{
	if (c == NULL)
		return;
	c->trace_to_log = false;
	while (!LIST_EMPTY(&c->clients))
		client_close(LIST_FIRST(&c->clients));
	gateway_set_trace(c->gateway, NULL, NULL);
	uv_close((uv_handle_t *)&c->pipe, on_closed); /* removes the file */
}
