/*
 * examine - what stands in an item's text, by its kind: references, secrets,
 * files, its id. One pass over the bytes; nothing is changed.
 *
 * Thread-safety: an examination belongs to one thread.
 */
#ifndef CORE_EXAMINE_H
#define CORE_EXAMINE_H

#include "core/buf.h"
#include "core/json.h"

#include <stdbool.h>
#include <stddef.h>

struct kind;
struct kind_reference;
struct why;

/* A string that names another item: not an empty one. */
struct reference {
	const struct kind_reference *rule;
	size_t at, len;		   /* its bytes, without the quotes */
	size_t beside, beside_len; /* those of the member beside it; 0: none */
	/* What it leads to, in examination.names, with a NUL: "/rules/A" for
	 * all paths, without '/' at the end; an id; else it leads nowhere. */
	size_t target, target_len;
};

struct examined { /* a value, with any quotes */
	size_t at, len;
	enum json_kind kind;
};

struct examined_list {
	struct examined *list;
	size_t len, cap;
};

/* In the order of the text. */
struct examination {
	struct reference *refs;
	size_t ref_count, ref_cap;
	struct examined_list secrets; /* strings, numbers, and null: none now */
	struct examined_list files;   /* strings that are not empty */
	struct examined_list volatiles;
	size_t id_at, id_len; /* the string, without the quotes; 0: none */
	size_t id;	      /* decoded, in names */
	bool variant;	      /* it goes by the name of the kind's variant */
	struct buf names;
};

/*
 * Fill @ret, which is zeroed or was filled before; its memory is used again.
 * -EINVAL: the text is no JSON.
 */
int examine(const struct kind *kind, const char *text, size_t len,
	    struct examination *ret, struct why *why);
void examination_done(struct examination *e);

/* @to, which is zeroed or was filled before, says the same as @from. -ENOMEM. */
int examination_copy(const struct examination *from, struct examination *to);

/* What the reference leads to; valid until the examination is filled anew. */
static inline const char *reference_target(const struct examination *e,
					   const struct reference *ref)
{
	return e->names.data + ref->target;
}

/* Append the path of the value that has the byte @at of the text at its
 * beginning, or behind its quote: "tasks[3].rules[0]". For messages: it is
 * another pass. */
int examine_where(const char *text, size_t len, size_t at, struct buf *out,
		  struct why *why);

#endif
