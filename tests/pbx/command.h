/* command.h - what can be told to a running simulated PBX; docs/simpbx.md lists all. */
#ifndef PBX_COMMAND_H
#define PBX_COMMAND_H

#include "tests/pbx/pbx.h"
#include <jansson.h>

/* Runs one line.  A new reference to the reply: {"reply": COMMAND, "ok": true, ...} or
 * {"reply": COMMAND, "ok": false, "error": WHY}; NULL for an empty line or a comment. */
json_t *command_run(struct pbx *p, const char *line);

/* Help, a line a command. */
const char *command_help(void);

#endif
