/*
 * references - what an item refers to and what refers to it, to be read.
 *
 * Costs what is shown: the text of the item and the texts of what refers to
 * it.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_REFERENCES_H
#define CORE_REFERENCES_H

#include <stdint.h>

struct buf;
struct db;
struct kinds;
struct why;

/*
 * Append JSON lines about the live item or folder @item: first what it refers
 * to, in the order of its text, then what refers to it:
 *
 *   {"direction":"to","path":"/rules/A.json","at":"pairs[0].rule",
 *    "target":"/rules/A"}
 *   {"direction":"from","path":"/sessions/S.json","at":"tasks[1].rules[0]",
 *    "target":"/rules/A"}
 *
 * path: the other one, from the root; null: there is nothing. at: where it
 * stands in the text that refers; target: what stands there. -ENOENT: @item is
 * not live.
 */
int references_show(struct db *db, const struct kinds *kinds, int64_t item,
		    struct buf *out, struct why *why);

#endif
