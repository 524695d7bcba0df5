/*
 * intake - the one way in: what somebody sent as the text of an item becomes
 * what is stored as its version.
 *
 *	DROP(intake_done) struct intake in = {0};
 *
 *	intake_take(m, &text, &in, why);	before the item has its version
 *	tree_add_item() or tree_save() with in.content, in.arrived, in.size
 *	intake_keep(m, &in, item, why);		after
 *
 * All within one moment. Whoever writes texts of items that come from outside
 * comes through here; what follows a move or a batch (core/rewrite) does not.
 *
 * Thread-safety: as the moment.
 */
#ifndef CORE_INTAKE_H
#define CORE_INTAKE_H

#include <stddef.h>
#include <stdint.h>

struct moment;
struct why;

struct intake_text {
	int64_t folder;	   /* live: its kind says what the text means */
	const char *bytes; /* one valid JSON document */
	size_t len;
	int64_t like; /* a content that it probably resembles, or 0 */
};

struct intake {
	int64_t content; /* what is stored */
	int64_t arrived; /* as in struct entry */
	int64_t size;
};

int intake_take(struct moment *m, const struct intake_text *text,
		struct intake *ret, struct why *why);
/* @item is the one that has it now. */
int intake_keep(struct moment *m, const struct intake *in, int64_t item,
		struct why *why);
void intake_done(struct intake *in);

#endif
