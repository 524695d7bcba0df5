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
 * The values of secret members, by the kind of the folder, go to the secret
 * store, and the text that is stored says null there. A member that says null
 * keeps the value that the item has; one that says "" has none from then on.
 * Values belong to members by their paths (core/secret_text): if elements of
 * an array change places in an edit and say null, each gets the value of the
 * place where it is now. The text as it was sent is never stored.
 *
 * Thread-safety: as the moment.
 */
#ifndef CORE_INTAKE_H
#define CORE_INTAKE_H

#include "core/key.h"
#include "core/number.h"
#include "core/secret_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct kinds;
struct moment;
struct report_detail;
struct why;

struct intake_text {
	int64_t folder;	   /* live: its kind says what the text means */
	const char *bytes; /* one valid JSON document; borrowed until the
			      struct intake is done */
	size_t len;
	int64_t like; /* a content that it probably resembles, or 0 */
	const unsigned char *sha256; /* of the bytes; NULL: not known */
};

struct intake {
	int64_t content; /* what is stored */
	int64_t arrived; /* as in struct entry */
	int64_t size;

	const char *bytes; /* what is stored: @size bytes, borrowed */
	bool stripped;	   /* it is not what was sent */
	/* Private from here on. */
	const char *sent;
	struct buf text;
	struct secret_members secrets, files;
	unsigned char digest[KEY_DIGEST];
};

/* -ENOKEY: there are secrets in it, and no key to seal them with; nothing is
 * stored. */
int intake_take(struct moment *m, const struct intake_text *text,
		struct intake *ret, struct why *why);
/*
 * @item is the one that has it now. If its bytes are not those that were sent,
 * the moment notes it (NOTE_REWRITTEN): whoever sent them may have them under
 * the item's number.
 */
int intake_keep(struct moment *m, const struct intake *in, int64_t item,
		struct why *why);
void intake_done(struct intake *in);

/* 0, or -ENOKEY as intake_take() would say; any other failure is for that to
 * find. Changes nothing but the key file. */
int intake_check(struct moment *m, const struct intake_text *text,
		 struct why *why);

/* 1: kept by @item, values of secrets would come, go or be others; 0. */
int intake_differs(struct moment *m, const struct intake *in, int64_t item,
		   struct why *why);

/* For number_find_sent(); borrowed. */
struct number_sent intake_sent(const struct intake *in);

/*
 * What @item was sent at @moment, its newest save, belongs to its new copy @to:
 * the copy gets the values that were sent, @item those that it had before. In a
 * moment that has intake_keep()t the text for @to.
 */
int intake_refile(struct moment *m, int64_t item, int64_t moment, int64_t to,
		  struct why *why);

/* The live item @item holds values of secrets in its text, since it has come to
 * where they are some: they are put where they belong. What is stored for it
 * already stays. */
int intake_seal(struct moment *m, int64_t item, struct why *why);

/* What must be supplied for @item, which is new: members for the report. */
int intake_detail(struct moment *m, const struct intake *in, int64_t item,
		  struct report_detail *detail, struct why *why);

#endif
