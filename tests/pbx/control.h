/* control.h - commands in, JSON lines out: standard input and output, and a UNIX socket.
 *
 * A command from standard input is answered on standard output, one from a connection there; events
 * go to standard output and to connections that said "events".  A reader must read: a full
 * standard output holds up the PBX.  A connection that does not read is closed.
 */
#ifndef PBX_CONTROL_H
#define PBX_CONTROL_H

#include "tests/pbx/pbx.h"
#include <jansson.h>

struct control;

/* path: of the socket, NULL = none.  use_stdin: only a pipe, socket or terminal is read; its end
 * is "quit".  0, or -errno and why in err. */
int control_open(struct control **out, struct pbx *p, const char *path, bool use_stdin, char *err,
		 size_t err_size);
void control_close(struct control *c); /* run the loop before control_free() */
void control_free(struct control *c);
/* Suits struct pbx's event; arg is the struct control. */
void control_event(void *arg, const json_t *event);
void control_command(struct control *c, const char *line); /* as from standard input */

#endif
