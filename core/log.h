/*
 * log - who did what, to every item and folder below a folder.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdint.h>

struct buf;
struct db;
struct why;

/* So many moments are told of at the most, the newest. */
enum { LOG_MOMENTS = 10000 };

/*
 * Append a JSON line for each change below @folder, the oldest first:
 *
 *   {"moment":7,"time":"2026-11-20T10:30:00Z","user":"joe","uid":1000,
 *    "pid":4711,"program":"vim","revision":null,"change":"edited",
 *    "path":"rules/A.json"}
 *
 * change: created, removed, edited, moved (then with "from"), attributes.
 * Folders end in '/'. If there are older moments, the first line is
 * {"omitted":N}, in moments.
 */
int log_show(struct db *db, int64_t folder, struct buf *out, struct why *why);

#endif
